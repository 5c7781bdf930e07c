"""GoBGP: a router whose engine it is to the one daemon that speaks BGP for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from nlan.expand.frr import router_id
from nlan.model import Node
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
    return (
        GobgpDaemon(
            namespace=node.name,
            asn=bgp.asn,
            router_id=router_id(node),
            peers=tuple(sorted(bgp.peers, key=lambda peer: (peer.address.version, int(peer.address)))),
            after=tuple(after),
        ),
    )
