"""What cannot be, or is rarely meant, of routing; its addresses, and where its parts stand in a node."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.model import Node
from nlan.schema.checking.addressing import parts_of_addresses
from nlan.schema.resolving.contributors import Held, PartKey, PartPath
from nlan.schema.resolving.drafts import Positions
from nlan.services.router.model import Router


def held(node: Node, positions: Positions) -> Iterator[Held]:
    """Yield the loopback addresses."""
    for value in node.get(Router).loopbacks:
        at = positions.find("node", node.name, "address", value)
        yield Held(value, f"{node.name}'s loopback", node.name, ("lo", node.name), at)


def parts(node: Node) -> Iterator[tuple[PartKey, PartPath]]:
    """Yield where the parts of the node's router stand."""
    routing = node.find(Router)
    if routing is None:
        return
    yield ("router",), ("router",)
    yield from parts_of_addresses(routing.loopbacks, ("router", "loopbacks"))
    for word in ("engine", "router_id", "bgp", "ospf", *([routing.raw.key] if routing.raw else ())):
        yield (word,), ("router", word)
    for number, route in enumerate(routing.routes):
        yield ("route", route.prefix), ("router", "routes", str(number))
    for number, peer in enumerate(routing.bgp.peers if routing.bgp else ()):
        path = "router", "bgp", "peers", str(number)
        yield ("bgp", "peer", peer.address), path
        yield ("bgp", "peer", peer.address, "asn"), (*path, "remote_as")
    for number, area in enumerate(routing.ospf.areas if routing.ospf else ()):
        for inner, network in enumerate(area.networks):
            yield ("ospf", network), ("router", "ospf", "areas", str(number), "networks", str(inner))
