"""BFD (RFC 5880) between neighbours on one segment: the sessions that both ends ask for.

Asked for by ``bfd`` / ``peer``, or by ``neighbor … bfd`` of a BGP session that comes up.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import NamedTuple

from nlan.engines.frr.config.rawfrr import RawFrr
from nlan.engines.frr.expect.configured import addresses, place
from nlan.engines.frr.expect.topology import RawTopology as Topology
from nlan.model.codec import IpAddress
from nlan.model.segments import Segment


class _Asked(NamedTuple):
    """A session that one end asks for; `begins` is false where it waits for the other."""

    node: str
    segment: Segment
    own: IpAddress
    peer: IpAddress
    begins: bool


def expected(topology: Topology, sessions: Container[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return 1 by (router, peer's address) for the sessions that come up.

    Args:
        topology: Of the lab.
        sessions: BGP's that come up: speaker and peer's address.
    """
    asked = {
        (one.segment, one.own, one.peer): one
        for name, written in topology.configured.items()
        for one in _asked(topology, name, written, sessions)
    }
    answers = ((one, asked.get((one.segment, one.peer, one.own))) for one in asked.values())
    return {
        (one.node, str(one.peer)): 1
        for one, other in answers
        if other is not None and other.node != one.node and (one.begins or other.begins)
    }


def _asked(
    topology: Topology, name: str, written: RawFrr, sessions: Container[tuple[str, str]]
) -> Iterator[_Asked]:
    if topology.has_raw(name, "profile"):
        return  # it may say that the session waits, or is shut down
    held = dict(addresses(topology.nodes[name], written))
    by_bgp = (peer for peer in written.peers if "bfd" in peer.others and (name, peer.peer) in sessions)
    wanted = [(peer.address, None, "", True) for peer in by_bgp if peer.address is not None]
    wanted += [
        (peer.peer, peer.local, peer.interface, not peer.passive)  # type: ignore[misc]  # None or an address
        for peer in written.bfd
        if not (peer.vrf or peer.multihop or peer.shutdown)
    ]
    for address, local, interface, begins in wanted:
        found = place(held, address)
        segment = topology.segments.get((name, found[0])) if found is not None else None
        if (
            found is not None
            and segment is not None
            and local in (None, found[1])
            and interface in ("", found[0])
        ):
            yield _Asked(name, segment, found[1], address, begins)
