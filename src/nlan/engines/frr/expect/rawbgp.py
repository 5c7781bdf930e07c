"""BGP where raw lines speak of it: the sessions of neighbours on one segment, by what both ends configure.

Peers farther away need routes that raw lines bring, so nothing is said of them; nor where a line may keep
the session down that is not followed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import NamedTuple

from nlan.engines.frr.config.impact import QUIET_OF_PEER
from nlan.engines.frr.config.rawfrr import RawInstance, RawPeer
from nlan.engines.frr.expect.configured import addresses, place
from nlan.engines.frr.expect.topology import RawTopology as Topology
from nlan.model.codec import IpAddress, IpInterface
from nlan.model.segments import Segment

_FOLLOWED = re.compile(
    r"(interface|v6only|remote-as|peer-group|local-as|password|passive|shutdown|ebgp-multihop|"
    r"update-source|route-reflector-client|(no )?activate|no capability software-version)\b"
)
"""Lines of a peer that are looked at here, or that its session comes up with."""


class _End(NamedTuple):
    """One end of a session that is configured.

    Attributes:
        node: Who speaks.
        interface: On which the peer is.
        segment: The segment.
        own: This end's address there, None where the peer is known by the interface alone.
        peer: The peer's lines.
        router: The instance's.
    """

    node: str
    interface: str
    segment: Segment
    own: IpAddress | None
    peer: RawPeer
    router: RawInstance


def sessions(topology: Topology) -> Iterator[tuple[str, str, str]]:
    """Yield the sessions that come up where raw lines of either end speak of BGP, one end at a time.

    Yields:
        Speaker, the peer as the daemon calls it, and the peer's node.
    """
    raw = {name for name in topology.configured if topology.has_raw(name, "bgp")}
    ends = list(_ends(topology)) if raw else []
    by_segment: dict[tuple[Segment, IpAddress | None], list[_End]] = {}
    for end in ends:
        by_segment.setdefault((end.segment, end.own), []).append(end)
    for end in ends:
        others = [
            other for other in by_segment.get((end.segment, end.peer.address), ()) if _answers(other, end)
        ]
        if len(others) == 1 and raw & {end.node, others[0].node} and _agree(end, others[0]):
            yield end.node, end.peer.peer, others[0].node


def _answers(other: _End, end: _End) -> bool:
    return other.node != end.node and other.peer.address == end.own


def _ends(topology: Topology) -> Iterator[_End]:
    for name, written in topology.configured.items():
        router = written.instance("bgp")
        if router is None or router.shutdown or router.confederation is not None:
            continue
        held = dict(addresses(topology.nodes[name], written))
        if router.router_id is None and all(own.version == 6 for those in held.values() for own in those):
            continue  # bgpd opens no session without an identifier, and has no address to take one from
        for peer in written.peers:
            if (found := _place(held, peer)) is None or peer.vrf:
                continue
            interface, own = found
            segment = topology.segments.get((name, interface))
            if segment is not None and _is_followed(peer, interface, own):
                yield _End(name, interface, segment, own, peer, router)


def _place(held: dict[str, tuple[IpInterface, ...]], peer: RawPeer) -> tuple[str, IpAddress | None] | None:
    """Return the interface that the peer is on, and the own address there; None where it is on none."""
    if peer.address is None:
        return (peer.peer, None) if peer.peer in held else None
    return place(held, peer.address)


def _is_followed(peer: RawPeer, interface: str, own: IpAddress | None) -> bool:
    near = (None, interface, str(own))
    return peer.update_source in near and all(
        _FOLLOWED.match(line) or QUIET_OF_PEER.match(line) for line in peer.others
    )


def _agree(one: _End, other: _End) -> bool:
    ends = ((one, other), (other, one))
    if any(end.peer.shutdown or not _takes(end, far) for end, far in ends):
        return False
    identifiers: set[IPv4Address | None] = {one.router.router_id, other.router.router_id}
    is_told_apart = len(identifiers) == 2 or identifiers == {None}
    is_dialled = not (one.peer.passive and other.peer.passive)
    return (
        is_told_apart
        and is_dialled
        and bool(one.peer.families & other.peer.families)
        and _passwords(one.peer) == _passwords(other.peer)
    )


def _takes(end: _End, far: _End) -> bool:
    """Tell whether an end expects the AS that the other one shows it."""
    own, theirs = (e.peer.local_as or e.router.asn for e in (end, far))
    match end.peer.remote_as:
        case "internal":
            return own == theirs
        case "external":
            return own != theirs
        case "auto":
            return True
        case asked:
            return asked == theirs


def _passwords(peer: RawPeer) -> set[str]:
    return {line for line in peer.others if line.startswith("password ")}
