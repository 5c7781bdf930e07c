"""All that a namespace's kernel shows, nlan's or not, as plain JSON: what `operational-NODE` holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nlan.netlink import codec, wire
from nlan.netlink.channel import Channel, open_channel
from nlan.netlink.codec import Message
from nlan.netlink.events import address_text
from nlan.netlink.tables.hops import hops_of
from nlan.netlink.tables.links import Links, dump_links
from nlan.netlink.tables.routes import PROTOCOL
from nlan.runtimes.base import Nodes

_NUD_USELESS = wire.NUD_FAILED | wire.NUD_INCOMPLETE | wire.NUD_NOARP
"""Failed, incomplete, or needing none."""
PROTOCOLS = {
    wire.RTPROT_KERNEL: "kernel",
    wire.RTPROT_BOOT: "boot",
    wire.RTPROT_STATIC: "static",
    wire.RTPROT_ZEBRA: "zebra",
    PROTOCOL: "nlan",
    wire.RTPROT_BGP: "bgp",
    wire.RTPROT_OSPF: "ospf",
    wire.RTPROT_ZSTATIC: "static",
}
"""Names of routes' origins (rtnetlink(7), FRR's zebra)."""

State = dict[str, dict[str, Any]]
"""Sections ``links``, ``addresses``, ``routes`` and ``neighbors``."""


def look(nodes: Nodes, namespace: str) -> State:
    """Return links, addresses, main-table routes and resolved neighbours of a namespace.

    Loopback addresses of the host itself (127.0.0.1, ::1) and link-local ones are left out.

    Raises:
        HostError: The namespace does not exist.
    """
    with open_channel(nodes, namespace) as channel:
        links = dump_links(channel)
        return {
            "links": _links(links),
            "addresses": _addresses(channel, links),
            "routes": _routes(channel, links),
            "neighbors": dict(sorted(_neighbors(channel, links))),
        }


def _links(links: Links) -> dict[str, Any]:
    return {
        link.name: {"kind": link.kind or "physical", "mtu": link.mtu, "mac": link.mac, "up": link.up}
        for _, link in sorted(links.by_name.items())
        if not link.flags & wire.IFF_LOOPBACK
    }


def _addresses(channel: Channel, links: Links) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for _, body in channel.dump(Message(wire.RTM_GETADDR, 0, wire.IFADDRMSG.pack(0, 0, 0, 0, 0))):
        _, length, _, scope, index = wire.IFADDRMSG.unpack_from(body)
        parts = codec.attributes(body, wire.IFADDRMSG.size)
        if scope < wire.RT_SCOPE_LINK:
            address = address_text(parts.get(wire.IFA_LOCAL) or parts.get(wire.IFA_ADDRESS))
            found.setdefault(links.name_of(index), []).append(f"{address}/{length}")
    return {name: sorted(addresses) for name, addresses in sorted(found.items())}


def _routes(channel: Channel, links: Links) -> dict[str, Any]:
    """Return the routes that count: of those to one prefix, the ones of the lowest metric."""
    found: dict[str, Any] = {}
    best: dict[str, int] = {}
    for family in (wire.AF_INET, wire.AF_INET6):
        request = Message(wire.RTM_GETROUTE, 0, wire.RTMSG.pack(family, 0, 0, 0, 0, 0, 0, 0, 0))
        for _, body in channel.dump(request):
            for prefix, metric, protocol, hop in _hops(body, links):
                if metric > best.setdefault(prefix, metric):
                    continue
                if metric < best[prefix]:
                    best[prefix] = metric
                    del found[prefix]
                entry = found.setdefault(prefix, {"protocol": protocol, "hops": []})
                entry["hops"].append(hop)
    for entry in found.values():
        entry["hops"].sort(key=lambda hop: (hop.get("via", ""), hop["dev"]))
    return dict(sorted(found.items()))


def _hops(body: memoryview, links: Links) -> Iterator[tuple[str, int, str, dict[str, str]]]:
    family, length, _, _, table, protocol, _, kind, flags = wire.RTMSG.unpack_from(body)
    parts = codec.attributes(body, wire.RTMSG.size)
    table = codec.as_u32(parts.get(wire.RTA_TABLE), table)
    if table != wire.RT_TABLE_MAIN or kind != wire.RTN_UNICAST or flags & wire.RTM_F_CLONED:
        return
    prefix = _prefix(family, length, parts.get(wire.RTA_DST))
    if prefix.startswith("fe80:"):
        return
    name = PROTOCOLS.get(protocol, str(protocol))
    metric = codec.as_u32(parts.get(wire.RTA_PRIORITY))
    for hop in hops_of(parts):
        device = {"dev": links.name_of(hop.oif)}
        yield prefix, metric, name, {"via": hop.via} | device if hop.via else device


def _prefix(family: int, length: int, packed: memoryview | None) -> str:
    if packed is None:
        return "0.0.0.0/0" if family == wire.AF_INET else "::/0"
    return f"{address_text(packed)}/{length}"


def _neighbors(channel: Channel, links: Links) -> Iterator[tuple[str, dict[str, str]]]:
    for family in (wire.AF_INET, wire.AF_INET6):
        for _, body in channel.dump(Message(wire.RTM_GETNEIGH, 0, wire.NDMSG.pack(family, 0, 0, 0, 0))):
            _, index, state, _, _ = wire.NDMSG.unpack_from(body)
            parts = codec.attributes(body, wire.NDMSG.size)
            if not state & _NUD_USELESS and wire.NDA_LLADDR in parts:
                entry = {"dev": links.name_of(index), "mac": parts[wire.NDA_LLADDR].hex(":")}
                yield address_text(parts.get(wire.NDA_DST)), entry
