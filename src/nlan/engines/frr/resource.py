"""FRR's daemons: one resource is one running process with its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import msgspec

from nlan.engines.base import SILENT, Daemon
from nlan.engines.frr.config import impact as frrimpact
from nlan.engines.frr.config import resets as frrresets
from nlan.engines.frr.config import tree as frrconfig
from nlan.resources.base import (
    Claim,
    Difference,
    Effect,
    Impact,
    Key,
    Resource,
    Side,
)
from nlan.resources.foreign import Foreign

EARLY = {"mgmtd": 0, "zebra": 1}
"""Daemons that the others of their node need. They start in one run, side by side, so nothing requires
them; but a plan that is carried out one by one must have them first."""
_ADDRESS = re.compile(r"interface (?P<interface>\S+)/(ip|ipv6) address (?P<address>\S+)$")


class FrrDaemon(Daemon, frozen=True, kw_only=True):
    """One FRR daemon of a node.

    Attributes:
        daemon: ``zebra``, ``mgmtd``, ``bgpd``, ``ospfd``, ``ospf6d``, ``staticd``, …
        config: Its configuration in FRR's own canonical spelling (as ``show running-config``
            prints it): a tuple of lines, indented by one blank inside a section, sections not
            closed by ``exit``. None: whatever it has is right.
        orphan: Observed only: it has outlived its zebra and has to be started again.
        written: The paths of the configuration that the user wrote, each with its line in that text
            (from 1). FRR may refuse these. None: there are none.
        reset: Peers whose session has to be opened again; not compared. Observed: those for which it has
            no next hop any more.
    """

    kind: ClassVar[str] = "frr"
    daemon: str
    config: tuple[str, ...] | None = None
    orphan: bool = False
    written: tuple[tuple[frrconfig.Path, int], ...] | None = None
    reset: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """The daemon's name."""
        return Key(self.kind, self.namespace, self.daemon)

    @property
    def precedence(self) -> int:
        """What the others of the node need comes first."""
        return EARLY.get(self.daemon, len(EARLY))

    @property
    def forgets_routes(self) -> bool:
        """Where a routing daemon ends, zebra forgets all routes that it has just been told.

        See `nlan.engines.frr.run.workqueue`.
        """
        return self.daemon not in EARLY

    @property
    def outlived(self) -> str:
        """Its zebra, for an orphan."""
        return "zebra" if self.orphan else ""

    def summary(self) -> tuple[str, ...]:
        """Return its name and its lines."""
        return (self.daemon, *(self.config or ()))

    @property
    def is_to_be_reset(self) -> bool:
        """Whether sessions have no next hop any more, and nothing else is amiss."""
        return bool(self.reset) and not self.orphan

    def claims(self) -> tuple[tuple[str, ...], ...]:
        """BGP's port, for a BGP speaker."""
        return (("port", self.namespace, "179"),) if self.daemon == "bgpd" else ()

    def excludes(self) -> tuple[tuple[str, ...], ...]:
        """Its BGP peers' addresses: bgpd refuses a peer that the node itself is."""
        if self.daemon != "bgpd":
            return ()
        peers = dict.fromkeys(line.split()[1] for line in self.config or () if line.startswith(" neighbor "))
        return tuple(("address", self.namespace, peer) for peer in peers)

    def accounts_for(self) -> Iterator[Key]:
        """Yield the addresses that its lines give to interfaces."""
        if self.daemon not in EARLY:
            return
        for path in frrconfig.paths(self.config or ()):
            if len(path) == 2 and (given := _ADDRESS.match("/".join(path))) is not None:
                words = f"address {given['address']} on {given['interface']}"
                yield Key(Foreign.kind, self.namespace, words)

    def affected(
        self, observed: Any, planned: Sequence[Resource], before: Side, after: Side
    ) -> Effect | None:
        """Reset the sessions whose own address is made again: see `nlan.engines.frr.config.nexthops`."""
        if self.daemon != "bgpd":
            return None
        moved = frrresets.moved(planned, before.of("address", self.namespace))
        if not moved:
            return None
        configs = self.config or (), observed.config or ()
        peers = tuple(frrresets.losing(*configs, moved, after.of("address", self.namespace)))
        if not peers:
            return None
        reason = f"resets {', '.join(peers)} (the address below is made again)"
        return Effect(msgspec.structs.replace(self, reset=peers), "session", reason)

    def difference(self, observed: Any) -> Difference | None:
        """Compare line by line, whatever their order; the reason names the sessions that reset."""
        return self.difference_beside(observed, frozenset())

    def difference_beside(self, observed: Any, made: frozenset[Claim]) -> Difference | None:
        """Compare likewise; on an interface that is only made now, nothing resets.

        A static route that goes is an outage for who uses it.
        """
        if observed.silent:
            return Difference("restart", SILENT, in_place=False)
        if observed.orphan:
            return Difference("restart", "its zebra has ended since it started", in_place=False)
        if self.config is None:
            return None
        change = frrconfig.compare(self.config, observed.config or ())
        if not change.added and not change.removed:
            return _resets(observed.reset)
        new = {claim[2] for claim in made if claim[:2] == ("interface", self.namespace)}
        reset = (*frrimpact.effects(self.daemon, change, new), *map(_without_next_hop, observed.reset))
        configured = [f"lines: {len(change.added)} to add, {len(change.removed)} to remove"]
        configured += [f"resets {', '.join(reset)}"] if reset else []
        lost = frrimpact.lost_routes(self.config, change)
        configured += [f"no static route to {', '.join(lost)}"] if lost else []
        impact: Impact = "outage" if lost else "session" if reset else "hitless"
        return Difference(impact, "; ".join(configured), details=change.details())


def _resets(peers: Sequence[str]) -> Difference | None:
    reason = f"resets {', '.join(map(_without_next_hop, peers))}"
    return Difference("session", reason) if peers else None


def _without_next_hop(peer: str) -> str:
    return f"{peer} (it has no next hop for it)"
