"""GoBGP: a router whose engine it is to the one daemon that speaks BGP for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from nlan.expand.frr import HOLD_TIME_S, KEEPALIVE_S, router_id
from nlan.model import BgpPeer, Node
from nlan.resources import GobgpDaemon, Key


def gobgp_daemons(
    node: Node, timers: Literal["lab", "standard"], after: Sequence[Key] = ()
) -> tuple[GobgpDaemon, ...]:
    """Return the node's GoBGP, or nothing where it speaks no BGP.

    Args:
        node: One whose router's engine is GoBGP.
        timers: ``lab`` gives peers short timers unless they have their own.
        after: What should exist before the daemon starts.
    """
    if node.router is None or node.router.bgp is None:
        return ()
    bgp = node.router.bgp
    peers = [_timed(peer) if timers == "lab" else peer for peer in bgp.peers]
    return (
        GobgpDaemon(
            namespace=node.name,
            asn=bgp.asn,
            router_id=router_id(node),
            peers=tuple(sorted(peers, key=lambda peer: (peer.address.version, int(peer.address)))),
            after=tuple(after),
        ),
    )


def _timed(peer: BgpPeer) -> BgpPeer:
    """Return the peer with a lab's timers where it has none of its own."""
    if peer.keepalive_s is not None or peer.hold_time_s is not None:
        return peer
    return msgspec.structs.replace(peer, keepalive_s=KEEPALIVE_S, hold_time_s=HOLD_TIME_S)
