"""What a running GoBGP does, told as the resource that it would have been asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import NamedTuple

import msgspec

from nlan.engines.gobgp.client import Client
from nlan.engines.gobgp.config import (
    Shown,
    group_name,
    parse_applied,
    parse_local_paths,
    parse_next_hop_self,
    parse_peers,
    peer_from,
)
from nlan.engines.gobgp.files import Receipt
from nlan.engines.gobgp.resource import GobgpDaemon, LocalPath, sorted_paths
from nlan.services.router.model import BgpPeer


class Snapshot(NamedTuple):
    """What a process shows.

    Attributes:
        peers: By address: those it dials, and of those it waits for the ones that are there.
        listening: The addresses that may dial.
        paths: What it announces of its own.
        next_hop_self: The peers that it is the next hop to.
    """

    peers: Mapping[str, Shown]
    listening: frozenset[str]
    paths: tuple[LocalPath, ...]
    next_hop_self: frozenset[str]

    @property
    def dialled(self) -> dict[str, Shown]:
        """The peers that it was told of one by one, by whomever."""
        return {address: shown for address, shown in self.peers.items() if not is_let_in(address, shown)}


def is_let_in(address: str, shown: Shown) -> bool:
    """Tell whether a peer is there because it may dial."""
    return shown.group == group_name(address)


def take(client: Client, receipt: Receipt) -> Snapshot:
    """Ask a process for all that was asked of it.

    Raises:
        NotFoundError: It does not answer.
        PeerError: Likewise, by its API.
    """
    asked = receipt.asked
    families = {f"ipv{path.prefix.version}" for path in asked.paths}
    families |= {family for peer in asked.peers for family in peer.families}
    has_policy = any(peer.next_hop_self for peer in asked.peers)
    questions: list[tuple[str, ...]] = [("neighbor",)]
    questions += [("global", "rib", "-a", family) for family in sorted(families)]
    questions += [("policy", "neighbor"), ("global", "policy", "export")] if has_policy else []
    peers, *answers = client.ask_all(questions)
    may_dial = client.dynamic_neighbors() if receipt.listening else {}
    policy = [answers.pop(), answers.pop()] if has_policy else []
    return Snapshot(
        parse_peers(peers),
        frozenset(_single(prefix) for prefix in may_dial),
        tuple(sorted_paths(path for answer in answers for path in parse_local_paths(answer))),
        parse_next_hop_self(policy[1]) if policy and parse_applied(policy[0]) else frozenset(),
    )


def _single(prefix: str) -> str:
    """Return the address of a prefix that holds just one, else the prefix."""
    network = ip_network(prefix, strict=False)
    return str(network.network_address) if network.num_addresses == 1 else prefix


def observed(receipt: Receipt, seen: Snapshot) -> GobgpDaemon:
    """Return what runs: peers as they were asked for where nothing changed since, else as they are shown."""
    peers = sorted(_peers(receipt, seen), key=lambda peer: (peer.address.version, int(peer.address)))
    has_policy = any(peer.next_hop_self for peer in receipt.asked.peers)
    if has_policy:
        internal = receipt.asked.asn
        peers = [_with_policy(peer, internal, seen.next_hop_self) for peer in peers]
    return msgspec.structs.replace(
        receipt.asked,
        peers=tuple(peers),
        listens=tuple(p.address for p in peers if _listens(p, receipt, seen)),
        paths=seen.paths,
        after=(),
    )


def _with_policy(peer: BgpPeer, asn: int, members: frozenset[str]) -> BgpPeer:
    is_member = peer.peer_asn == asn and str(peer.address) in members
    return msgspec.structs.replace(peer, next_hop_self=is_member)


def _listens(peer: BgpPeer, receipt: Receipt, seen: Snapshot) -> bool:
    """Whether a peer is waited for, or would be by a GoBGP that can."""
    address = str(peer.address)
    if address in seen.listening:
        return address not in seen.dialled
    return peer.address in receipt.asked.listens and address not in receipt.listening


def _peers(receipt: Receipt, seen: Snapshot) -> Iterator[BgpPeer]:
    asked = {str(peer.address): peer for peer in receipt.asked.peers}
    dialled = seen.dialled
    before = receipt.shown or {}
    for address, shown in dialled.items():
        as_asked = address in asked and address not in receipt.listening
        unchanged = as_asked and shown.values == before.get(address)
        yield asked[address] if unchanged else peer_from(address, shown.values)
    for address in seen.listening - dialled.keys():
        if address in receipt.listening:
            yield asked[address]
        elif "/" not in address:
            yield peer_from(address, {"peer_asn": 0, "families": ()})
