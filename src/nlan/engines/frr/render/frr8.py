"""What FRR before version 9 has to be told besides.

An iBGP route to the very address of its next hop (a router announces its loopback, from which it
speaks) counts as looping through itself and is never used nor told to others. Newer versions accept
it where ``bgp network import-check`` is off, as it is in a lab. An older one can still announce the
address to external peers: it has it from OSPF. So it redistributes just the loopbacks of its AS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nlan.engines.frr.config.tree import merge
from nlan.model import Lab, Node
from nlan.model.codec import IpInterface
from nlan.services.router.model import Bgp, Router

NAME = "nlan-routers"
"""Of the prefix lists and route maps."""


def loopbacks_of_as(node: Node, lab: Lab) -> tuple[IpInterface, ...]:
    """Return the loopbacks that the other routers of the node's AS announce, in the lab's order."""
    bgp = node.get(Router).bgp
    if bgp is None:
        return ()
    asn = bgp.asn
    routers = [n.get(Router) for n in lab.nodes if n.name != node.name]
    return tuple(a for r in routers for a in r.loopbacks if r.bgp is not None and _announces(r.bgp, asn, a))


def _announces(bgp: Bgp, asn: int, address: IpInterface) -> bool:
    return bgp.asn == asn and ("connected" in bgp.redistribute or address.network in bgp.networks)


def announce_same_as(
    config: Sequence[str], router: Router, same_as: Sequence[IpInterface]
) -> tuple[str, ...]:
    """Return bgpd's lines with those that announce `same_as` as far as OSPF knows the way there.

    Nothing is added where the router has no OSPF, or redistributes of it by its own lines.
    """
    bgp = router.bgp
    if bgp is None or router.ospf is None:
        return tuple(config)
    policy: list[str] = []
    families: list[str] = []
    for version, word, source in ((4, "ip", "ospf"), (6, "ipv6", "ospf6")):
        addresses = [address for address in same_as if address.version == version]
        family = f"ipv{version}"
        own = any(line.split()[:2] == ["redistribute", source] for line in config)
        if addresses and not own and any(family in peer.families for peer in bgp.peers):
            policy += _policy(addresses, word)
            families += [
                f" address-family {family} unicast",
                f"  redistribute {source} route-map {NAME}-{word}",
            ]
    if not families:
        return tuple(config)
    return merge(policy, merge(config, [f"router bgp {bgp.asn}", *families]))


def _policy(addresses: Sequence[IpInterface], word: str) -> Iterator[str]:
    for number, address in enumerate(sorted(addresses), 1):
        yield f"{word} prefix-list {NAME} seq {5 * number} permit {address.network}"
    yield f"route-map {NAME}-{word} permit 10"
    yield f" match {word} address prefix-list {NAME}"
