"""All that a namespace's kernel shows, nlan's or not, as plain JSON: what `operational-NODE` holds."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from nlan.netlink import codec
from nlan.netlink.channel import Channel, open_channel
from nlan.netlink.codec import Message
from nlan.netlink.events import _address_text
from nlan.netlink.hops import hops_of
from nlan.netlink.links import IFF_LOOPBACK, Links, dump_links
from nlan.place import Place

_GETADDR, _GETROUTE, _GETNEIGH = 22, 26, 30
_ADDRESS = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")
_NEIGHBOR = struct.Struct("=BxxxiHBB")
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_RTA_DST, _RTA_PRIORITY, _RTA_TABLE = 1, 6, 15
_NDA_DST, _NDA_LLADDR = 1, 2
_AF_INET, _AF_INET6 = 2, 10
_MAIN_TABLE, _UNICAST, _CLONED, _SCOPE_LINK = 254, 1, 0x200, 253
_NUD_USELESS = 0x20 | 0x01 | 0x40
"""Failed, incomplete, or needing none."""
PROTOCOLS = {
    2: "kernel",
    3: "boot",
    4: "static",
    11: "zebra",
    110: "nlan",
    186: "bgp",
    188: "ospf",
    196: "static",
}
"""Names of routes' origins (rtnetlink(7), FRR's zebra)."""

State = dict[str, dict[str, Any]]
"""Sections ``links``, ``addresses``, ``routes`` and ``neighbors``."""


def look(place: Place, namespace: str) -> State:
    """Return links, addresses, main-table routes and resolved neighbours of a namespace.

    Loopback addresses of the host itself (127.0.0.1, ::1) and link-local ones are left out.

    Raises:
        HostError: The namespace does not exist.
    """
    with open_channel(place, namespace) as channel:
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
        if not link.flags & IFF_LOOPBACK
    }


def _addresses(channel: Channel, links: Links) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for _, body in channel.dump(Message(_GETADDR, 0, _ADDRESS.pack(0, 0, 0, 0, 0))):
        _, length, _, scope, index = _ADDRESS.unpack_from(body)
        parts = codec.attributes(body, _ADDRESS.size)
        if scope < _SCOPE_LINK:
            address = _address_text(parts.get(_IFA_LOCAL) or parts.get(_IFA_ADDRESS))
            found.setdefault(links.name_of(index), []).append(f"{address}/{length}")
    return {name: sorted(addresses) for name, addresses in sorted(found.items())}


def _routes(channel: Channel, links: Links) -> dict[str, Any]:
    """Return the routes that count: of those to one prefix, the ones of the lowest metric."""
    found: dict[str, Any] = {}
    best: dict[str, int] = {}
    for family in (_AF_INET, _AF_INET6):
        request = Message(_GETROUTE, 0, _ROUTE.pack(family, 0, 0, 0, 0, 0, 0, 0, 0))
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
    family, length, _, _, table, protocol, _, kind, flags = _ROUTE.unpack_from(body)
    parts = codec.attributes(body, _ROUTE.size)
    table = codec.as_u32(parts.get(_RTA_TABLE), table)
    if table != _MAIN_TABLE or kind != _UNICAST or flags & _CLONED:
        return
    prefix = _prefix(family, length, parts.get(_RTA_DST))
    if prefix.startswith("fe80:"):
        return
    name = PROTOCOLS.get(protocol, str(protocol))
    metric = codec.as_u32(parts.get(_RTA_PRIORITY))
    for hop in hops_of(parts):
        device = {"dev": links.name_of(hop.oif)}
        yield prefix, metric, name, {"via": hop.via} | device if hop.via else device


def _prefix(family: int, length: int, packed: memoryview | None) -> str:
    if packed is None:
        return "0.0.0.0/0" if family == _AF_INET else "::/0"
    return f"{_address_text(packed)}/{length}"


def _neighbors(channel: Channel, links: Links) -> Iterator[tuple[str, dict[str, str]]]:
    for family in (_AF_INET, _AF_INET6):
        for _, body in channel.dump(Message(_GETNEIGH, 0, _NEIGHBOR.pack(family, 0, 0, 0, 0))):
            _, index, state, _, _ = _NEIGHBOR.unpack_from(body)
            parts = codec.attributes(body, _NEIGHBOR.size)
            if not state & _NUD_USELESS and _NDA_LLADDR in parts:
                entry = {"dev": links.name_of(index), "mac": parts[_NDA_LLADDR].hex(":")}
                yield _address_text(parts.get(_NDA_DST)), entry
