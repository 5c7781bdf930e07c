"""NAT as a table of nftables: destinations before routing, sources after it."""

from __future__ import annotations

from nlan.kinds.nft import Chain, Nft
from nlan.services.nat.model import Nat

DSTNAT, SRCNAT = -100, 100
"""The priorities of destination and source NAT (nft(8))."""


def table(node: str, nat: Nat) -> Nft:
    """Return the table of a node's translations."""
    inside = ", ".join(f'"{name}"' for name in nat.out)
    outside = f"{{ {inside} }}" if len(nat.out) > 1 else inside
    forwards = tuple(
        f"iifname {outside} {one.protocol} dport {one.port} counter dnat to {one.to}:{one.to_port}"
        f' comment "{one.protocol} {one.port} to {one.to}:{one.to_port}"'
        for one in nat.forwards
    )
    masquerade = (f'oifname {outside} counter masquerade comment "masquerade"',)
    prerouting = Chain("prerouting", forwards, hook="prerouting", type="nat", priority=DSTNAT)
    postrouting = Chain("postrouting", masquerade, hook="postrouting", type="nat", priority=SRCNAT)
    chains = (prerouting, postrouting) if forwards else (postrouting,)
    return Nft(namespace=node, family="ip", name="nlan_nat", chains=chains)
