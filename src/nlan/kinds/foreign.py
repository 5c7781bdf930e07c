"""What somebody else put into a namespace and no kind of nlan's describes: found in dumps, put in words.

What comes by itself is not foreign: the kernel's own, and what routing daemons learn. Foreign addresses,
routes, rules, queues and forwarding entries are found by the kinds that are of their like. All are removed as
they were listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from nlan.netlink import codec, wire
from nlan.netlink.codec import Message
from nlan.netlink.kind import KernelKind, View, foreign
from nlan.netlink.step import REMOVE, Step
from nlan.netlink.tables import nftables
from nlan.netlink.tables.links import link_header, without_xdp
from nlan.resources import Foreign, Resource

FALLBACKS = frozenset(
    ("tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0")
)
"""Links that some modules of Linux put into every namespace."""
_UNNUMBERED = bytes([169, 254, 0, 1])
"""A routing daemon's next hop of IPv4 routes by way of IPv6, which it writes down as a neighbour."""


class ForeignKind(KernelKind[Foreign]):
    """How foreign things are found and removed."""

    resource = Foreign
    events = ("link", "neighbor", "policy")

    def observe(self, view: View) -> Iterator[Resource]:
        """Yield foreign links, neighbours, XDP programs and tables of nftables."""
        yield from _links(view)
        yield from _neighbors(view)
        yield from _proxies(view)
        yield from _programs(view)
        yield from _tables(view)

    def delete(self, observed: Foreign) -> list[Step]:
        """Send back what was listed."""
        family, kind, body = observed.removal
        if family == wire.NETLINK_ROUTE:
            message = Message(kind, 0, body)
            return [Step(REMOVE, observed.namespace, lambda _: message, absent_is_done=True)]
        namespace = observed.namespace
        return [
            Step(
                REMOVE,
                namespace,
                lambda _: None,
                absent_is_done=True,
                apart=lambda nodes: nftables.remove(nodes, namespace, body),
            )
        ]


KIND = ForeignKind()


def _links(view: View) -> Iterator[Foreign]:
    """Yield links without nlan's mark."""
    for link in view.links.by_name.values():
        if link.is_marked or link.flags & wire.IFF_LOOPBACK or link.name in FALLBACKS:
            continue
        kind = f" ({link.kind})" if link.kind else ""
        master = view.links.by_index.get(link.master)
        is_port = master is not None and master.is_marked
        port = f", a port of {master.name}" if master is not None else ""
        body = link_header(link.number)
        yield foreign(
            view.namespace, "link", f"{link.name}{kind}{port}", wire.RTM_DELLINK, body, harmless=not is_port
        )


def _neighbors(view: View) -> Iterator[Foreign]:
    """Yield neighbours that somebody wrote down for good, other than a routing daemon."""
    for body in view.dump(Message(wire.RTM_GETNEIGH, 0, wire.NDMSG.pack(0, 0, 0, 0, 0))):
        family, index, state, flags, _ = wire.NDMSG.unpack_from(body)
        if (
            family not in (wire.AF_INET, wire.AF_INET6)
            or not state & wire.NUD_PERMANENT
            or flags & wire.NTF_EXT_LEARNED
        ):
            continue
        parts = codec.attributes(body, wire.NDMSG.size)
        if bytes(parts[wire.NDA_DST]) == _UNNUMBERED:
            continue
        mac = parts[wire.NDA_LLADDR].hex(":") if wire.NDA_LLADDR in parts else "-"
        words = f"{ip_address(bytes(parts[wire.NDA_DST]))} {mac} on {view.links.name_of(index)}"
        yield foreign(view.namespace, "neighbour", words, wire.RTM_DELNEIGH, body)


def _proxies(view: View) -> Iterator[Foreign]:
    """Yield addresses that a link answers for in another's place: a list of their own."""
    for body in view.dump(Message(wire.RTM_GETNEIGH, 0, wire.NDMSG.pack(0, 0, 0, wire.NTF_PROXY, 0))):
        _, index, *_ = wire.NDMSG.unpack_from(body)
        address = ip_address(bytes(codec.attributes(body, wire.NDMSG.size)[wire.NDA_DST]))
        yield foreign(
            view.namespace,
            "proxy neighbour",
            f"{address} on {view.links.name_of(index)}",
            wire.RTM_DELNEIGH,
            body,
        )


def _programs(view: View) -> Iterator[Foreign]:
    """Yield XDP programs, which see what arrives at a link before the kernel does."""
    for link in view.links.by_name.values():
        if link.xdp:
            body, harmless = without_xdp(link), not link.is_marked
            yield foreign(
                view.namespace, "XDP program", f"on {link.name}", wire.RTM_NEWLINK, body, harmless=harmless
            )


def _tables(view: View) -> Iterator[Foreign]:
    """Yield tables of nftables whose names are not nlan's."""
    for table in view.tables:
        if table.name.startswith(nftables.MARK):
            continue
        removal = wire.NETLINK_NETFILTER, wire.NFT_MSG_DELTABLE, table.removal
        yield Foreign(
            namespace=view.namespace,
            what="nft table",
            words=str(table),
            harmless=not table.chains,
            removal=removal,
        )
