"""What somebody else put into a namespace: found in dumps, said in words, removed as it was listed.

What comes by itself is not foreign: the kernel's own, and what routing daemons learn.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from nlan.kinds.address import Addresses
from nlan.kinds.stack import (
    FRA_DST,
    FRA_FWMARK,
    FRA_IIFNAME,
    FRA_L3MDEV,
    FRA_OIFNAME,
    FRA_PRIORITY,
    FRA_PROTOCOL,
    FRA_SRC,
    FRA_TABLE,
    RTM_DELRULE,
    RULE_HEADER,
    TABLES,
    TO_TABLE,
    own_rule,
)
from nlan.netlink import codec
from nlan.netlink.channel import Channel
from nlan.netlink.codec import Message
from nlan.netlink.hops import hops_of
from nlan.netlink.links import IFF_LOOPBACK, RTM_DELLINK, RTM_NEWLINK, Links, link_header, without_xdp
from nlan.netlink.route import (
    MAIN_TABLE,
    NOT_FOREIGN,
    ROUTE_HEADER,
    RTM_DELROUTE,
    KernelRoute,
    Routes,
)
from nlan.resources import Foreign
from nlan.resources.foreign import What

FALLBACKS = frozenset(
    ("tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0")
)
"""Links that some modules of Linux put into every namespace."""
_RTM_DELADDR, _RTM_DELNEIGH, _RTM_GETNEIGH, _RTM_DELQDISC, _RTM_GETQDISC = 21, 29, 30, 37, 38
_NEIGHBOR = struct.Struct("=BxxxiHBB")
_NDA_DST, _NDA_LLADDR = 1, 2
_UNNUMBERED = bytes([169, 254, 0, 1])
"""Zebra's next hop of IPv4 routes by way of an IPv6 address, which it writes down as a neighbour."""
_NUD_PERMANENT, _NUD_NOARP = 0x80, 0x40
_NTF_SELF, _NTF_PROXY, _NTF_EXT_LEARNED = 0x02, 0x08, 0x10
_AF_INET, _AF_INET6, _AF_BRIDGE = 2, 10, 7
_QUEUE = struct.Struct("=BxxxiIII")
_TCA_KIND = 1
_ROOT, _INGRESS = 0xFFFFFFFF, 0xFFFFFFF1
_ACTIONS = {2: "goto", 3: "nop", 6: "blackhole", 7: "unreachable", 8: "prohibit"}
_ROUTE_KINDS = {2: "local", 3: "broadcast", 4: "anycast", 5: "multicast"} | {
    6: "blackhole",
    7: "unreachable",
    8: "prohibit",
    9: "throw",
    10: "nat",
}
_ZEROS = bytes(6)


def _of(
    namespace: str,
    what: What,
    words: str,
    kind: int,
    body: bytes | memoryview,
    *,
    prefix: IPv4Network | IPv6Network | None = None,
    harmless: bool = False,
) -> Foreign:
    removal = socket.NETLINK_ROUTE, kind, bytes(body)
    return Foreign(
        namespace=namespace, what=what, words=words, prefix=prefix, harmless=harmless, removal=removal
    )


def links(namespace: str, table: Links) -> Iterator[Foreign]:
    """Yield links without nlan's mark."""
    for link in table.by_name.values():
        if link.is_marked or link.flags & IFF_LOOPBACK or link.name in FALLBACKS:
            continue
        kind = f" ({link.kind})" if link.kind else ""
        master = table.by_index.get(link.master)
        is_port = master is not None and master.is_marked
        port = f", a port of {master.name}" if master is not None else ""
        body = link_header(link.number)
        yield _of(namespace, "link", f"{link.name}{kind}{port}", RTM_DELLINK, body, harmless=not is_port)


def addresses(namespace: str, found: Addresses) -> Iterator[Foreign]:
    """Yield addresses of nlan's links and of the loopback that nlan did not give them."""
    for link, one in found.foreign:
        words = f"{one.address} on {link.name}"
        host = ip_network(one.address.ip)
        yield _of(namespace, "address", words, _RTM_DELADDR, one.body, prefix=host)


def routes(namespace: str, table: Links, found: Routes) -> Iterator[Foreign]:
    """Yield routes of any table that somebody typed."""
    for route in found.foreign:
        body = route.body
        assert body is not None
        words = _route_words(route, table)
        yield _of(namespace, "route", words, RTM_DELROUTE, body, prefix=route.prefix)


def _route_words(route: KernelRoute, table: Links) -> str:
    assert route.body is not None
    kind = _ROUTE_KINDS.get(route.kind, "")
    words = [kind] if kind else []
    words.append(str(route.prefix))
    for hop in hops_of(codec.attributes(route.body, ROUTE_HEADER.size)):
        words += [f"via {hop.via}"] if hop.via else []
        words += [f"on {table.name_of(hop.oif)}"] if hop.oif and not kind else []
    words += [] if route.table == MAIN_TABLE else [f"table {TABLES.get(route.table, route.table)}"]
    return " ".join(words)


def rules(namespace: str, found: Iterable[bytes]) -> Iterator[Foreign]:
    """Yield rules that are not the kernel's own."""
    for body in found:
        if own_rule(body) is not None:
            continue
        parts = codec.attributes(memoryview(body), RULE_HEADER.size)
        marked = parts.get(FRA_PROTOCOL)
        if FRA_L3MDEV in parts or (marked is not None and marked[0] in NOT_FOREIGN - {2}):
            continue
        what: What = "ip rule" if body[0] == _AF_INET else "ip -6 rule"
        yield _of(namespace, what, _rule_words(body, parts), RTM_DELRULE, body)


def _rule_words(body: bytes, parts: Mapping[int, memoryview]) -> str:
    _, destination, source, _, table, _, _, action, _ = RULE_HEADER.unpack_from(body)
    table = codec.as_u32(parts.get(FRA_TABLE), table)
    words = [str(codec.as_u32(parts.get(FRA_PRIORITY)))]
    words.append(
        f"lookup {TABLES.get(table, table)}" if action == TO_TABLE else _ACTIONS.get(action, str(action))
    )
    for word, part, length in (("from", FRA_SRC, source), ("to", FRA_DST, destination)):
        if part in parts:
            words.append(f"{word} {ip_address(bytes(parts[part]))}/{length}")
    words += [f"iif {codec.as_text(parts[FRA_IIFNAME])}"] if FRA_IIFNAME in parts else []
    words += [f"oif {codec.as_text(parts[FRA_OIFNAME])}"] if FRA_OIFNAME in parts else []
    words += [f"fwmark {codec.as_u32(parts[FRA_FWMARK]):#x}"] if FRA_FWMARK in parts else []
    return " ".join(words)


def queues(namespace: str, table: Links, channel: Channel) -> Iterator[Foreign]:
    """Yield queueing disciplines that somebody put on a link: the kernel's own have no handle."""
    for _, body in channel.dump(Message(_RTM_GETQDISC, 0, _QUEUE.pack(0, 0, 0, 0, 0))):
        _, index, handle, parent, _ = _QUEUE.unpack_from(body)
        link = table.by_index.get(index)
        if handle and parent in (_ROOT, _INGRESS) and link is not None:
            kind = codec.as_text(codec.attributes(body, _QUEUE.size).get(_TCA_KIND))
            removal = _QUEUE.pack(0, index, handle, parent, 0)
            harmless = not link.is_marked
            yield _of(namespace, "queue", f"{kind} on {link.name}", _RTM_DELQDISC, removal, harmless=harmless)


def neighbors(namespace: str, table: Links, channel: Channel) -> Iterator[Foreign]:
    """Yield neighbours that somebody wrote down for good; zebra's is no somebody's."""
    for _, body in channel.dump(Message(_RTM_GETNEIGH, 0, _NEIGHBOR.pack(0, 0, 0, 0, 0))):
        family, index, state, flags, _ = _NEIGHBOR.unpack_from(body)
        if family not in (_AF_INET, _AF_INET6) or not state & _NUD_PERMANENT or flags & _NTF_EXT_LEARNED:
            continue
        parts = codec.attributes(body, _NEIGHBOR.size)
        if bytes(parts[_NDA_DST]) == _UNNUMBERED:
            continue
        mac = parts[_NDA_LLADDR].hex(":") if _NDA_LLADDR in parts else "-"
        words = f"{ip_address(bytes(parts[_NDA_DST]))} {mac} on {table.name_of(index)}"
        yield _of(namespace, "neighbour", words, _RTM_DELNEIGH, body)


def proxies(namespace: str, table: Links, channel: Channel) -> Iterator[Foreign]:
    """Yield addresses that a link answers for in another's place: a list of their own."""
    for _, body in channel.dump(Message(_RTM_GETNEIGH, 0, _NEIGHBOR.pack(0, 0, 0, _NTF_PROXY, 0))):
        _, index, *_ = _NEIGHBOR.unpack_from(body)
        address = ip_address(bytes(codec.attributes(body, _NEIGHBOR.size)[_NDA_DST]))
        yield _of(namespace, "proxy neighbour", f"{address} on {table.name_of(index)}", _RTM_DELNEIGH, body)


def programs(namespace: str, table: Links) -> Iterator[Foreign]:
    """Yield XDP programs, which see what arrives at a link before the kernel does."""
    for link in table.by_name.values():
        if link.xdp:
            body, harmless = without_xdp(link), not link.is_marked
            yield _of(namespace, "XDP program", f"on {link.name}", RTM_NEWLINK, body, harmless=harmless)


def entries(namespace: str, table: Links, listed: Iterable[memoryview]) -> Iterator[Foreign]:
    """Yield forwarding entries of nlan's bridges and tunnels that are neither learnt nor made by it."""
    own = {link.mac for link in table.by_name.values()}
    for body in listed:
        _, index, state, flags, _ = _NEIGHBOR.unpack_from(body)
        link = table.by_index.get(index)
        if link is None or not state & (_NUD_PERMANENT | _NUD_NOARP) or flags & _NTF_EXT_LEARNED:
            continue
        if not link.is_marked or (flags & _NTF_SELF and link.kind != "vxlan"):
            continue  # what a device of its own accord receives
        parts = codec.attributes(body, _NEIGHBOR.size)
        mac = parts[_NDA_LLADDR].hex(":") if _NDA_LLADDR in parts else ""
        if mac in own or bytes(parts.get(_NDA_LLADDR, b"")) == _ZEROS:
            continue
        remote = f" to {ip_address(bytes(parts[_NDA_DST]))}" if _NDA_DST in parts else ""
        yield _of(namespace, "fdb", f"{mac} on {link.name}{remote}", _RTM_DELNEIGH, body)
