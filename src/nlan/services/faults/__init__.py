"""Faults of links: down, slow, lossy; made while a lab runs, and no part of what its file says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlan.services.base import Service, Stage
from nlan.services.faults.model import Fault, Faults

if TYPE_CHECKING:
    from nlan.model import Lab
    from nlan.resources import Key, Resource
    from nlan.schema.written.sections import Contribution


class FaultsService(Service):
    """See `nlan.services.base.Service`."""

    name = "faults"
    stage = Stage.PROGRAMS
    model = Faults

    def contribution(self) -> Contribution:
        """Return no key: no file says what fails. What `nlan set` may say of it is checked all the same."""
        from nlan.schema.written import common
        from nlan.schema.written.sections import Contribution
        from nlan.services.queues import written

        return Contribution(
            {},
            titles={Faults: "faults", Fault: "a fault"},
            fields={
                (Fault, "interface"): common.IFNAME,
                (Fault, "rate"): written.RATE,
                (Fault, "delay_us"): written.MICROSECONDS,
                (Fault, "jitter_us"): written.MICROSECONDS,
                (Fault, "loss"): written.PERCENT,
            },
            pages={"Links that fail": "services/faults.md"},
        )

    def amend(self, lab: Lab, desired: dict[Key, Resource]) -> None:
        """Take interfaces down, and put what their queues shall do besides into these."""
        if any(node.find(Faults) for node in lab.nodes):
            from nlan.services.faults import amending

            amending.amend(lab, desired)

    def apparent(self, lab: Lab) -> Lab:
        """Return the lab without the links and ports that nothing gets through."""
        if not any(node.find(Faults) for node in lab.nodes):
            return lab
        from nlan.services.faults import amending

        return amending.apparent(lab)


SERVICE = FaultsService()
