"""The key `beacon` of a node: lines that it shines besides what follows from the router."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from nlan.expect.segments import Topology
from nlan.model import Node
from nlan.schema.resolving.drafts import NodeDraft
from nlan.schema.resolving.segments import Wiring
from nlan.schema.written.scalars import Lines
from nlan.schema.written.sections import Contribution, Key
from nlan.services.router.expect.raw import Raw as Nothing
from nlan.services.router.model import Raw

KEY = Key("beacon", Lines(), "Lines that Beacon shines besides.")


class BeaconRaw(Raw, frozen=True, kw_only=True):
    """Lines for Beacon."""

    key: ClassVar[str] = "beacon"
    title: ClassVar[str] = "Beacon"


CONTRIBUTION = Contribution(
    {"a node": [KEY]},
    titles={BeaconRaw: "lines of Beacon"},
    fields={(BeaconRaw, "text"): Lines()},
    routing={"a node": [KEY]},
)


class BeaconLines:
    """See `nlan.engines.base.RawConfiguration`."""

    model = BeaconRaw

    def resolve(self, node: NodeDraft, wiring: Wiring) -> BeaconRaw | None:
        text = node.written.get(KEY)
        wiring.settings.positions.put(node.written.position(KEY), "node", node.name, "beacon")
        return None if text is None else BeaconRaw(text=text)

    def sysctls(self, node: Node) -> Mapping[str, str]:
        return {}

    def has_ipv6(self, node: Node) -> bool:
        return False

    def expectation(self, topology: Topology) -> Nothing:
        return Nothing()
