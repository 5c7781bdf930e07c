"""How nlan leaves the settings of its links: what differs is found in a dump, and put right.

Most are the kernel's own defaults, which nlan relies on as much as on what it says when it makes a link.
A setting that this kernel does not list is as it shall be.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from nlan.netlink import codec

IFLA_LINKINFO = 18
_INFO_KIND, _INFO_DATA, _INFO_SLAVE_KIND, _INFO_SLAVE_DATA = 1, 2, 4, 5
_IFF_NOARP, _IFF_MULTICAST = 0x80, 0x1000


class Setting(NamedTuple):
    """One setting.

    Attributes:
        name: As ip(8) and bridge(8) call it.
        kind: Number of its attribute.
        value: Its bytes where it is as nlan makes it.
    """

    name: str
    kind: int
    value: bytes


def _u8(name: str, kind: int, value: int) -> Setting:
    return Setting(name, kind, bytes((value,)))


def _u16(name: str, kind: int, value: int) -> Setting:
    return Setting(name, kind, struct.pack("=H", value))


def _u32(name: str, kind: int, value: int) -> Setting:
    return Setting(name, kind, struct.pack("=I", value))


BRIDGE = (
    _u32("stp_state", 5, 0),
    _u8("vlan_filtering", 7, 0),
    _u16("group_fwd_mask", 9, 0),
    _u8("mcast_snooping", 23, 0),
    _u8("nf_call_iptables", 36, 0),
    _u8("nf_call_ip6tables", 37, 0),
    _u8("nf_call_arptables", 38, 0),
)
VXLAN = (
    _u8("ttl", 5, 0),
    _u8("tos", 6, 0),
    _u8("learning", 7, 1),
    _u32("ageing", 8, 300),
    _u8("proxy", 11, 0),
    _u8("rsc", 12, 0),
    _u8("l2miss", 13, 0),
    _u8("l3miss", 14, 0),
    _u8("df", 29, 0),
)
PORT = (
    Setting("state", 1, b"\x03"),
    _u8("hairpin", 4, 0),
    _u8("guard", 5, 0),
    _u8("root_block", 6, 0),
    _u8("learning", 8, 1),
    _u8("flood", 9, 1),
    _u8("proxy_arp", 10, 0),
    _u8("mcast_flood", 27, 1),
    _u8("vlan_tunnel", 29, 0),
    _u8("bcast_flood", 30, 1),
    _u8("neigh_suppress", 32, 0),
    _u8("isolated", 33, 0),
    _u8("locked", 39, 0),
)
_OF_KIND = {"bridge": BRIDGE, "vxlan": VXLAN}
_STATE = 1
_DISABLED = b"\x00"
"""A port whose link has no carrier is disabled, or was by hand; nobody can tell."""


def odd_settings(
    kind: str, flags: int, data: Mapping[int, memoryview], port: Mapping[int, memoryview]
) -> Iterator[str]:
    """Yield in words what is not as nlan makes a link.

    Args:
        kind: Of the link.
        flags: IFF_*.
        data: Attributes of its kind.
        port: Attributes that it has as a port of a bridge.
    """
    if flags & _IFF_NOARP:
        yield "arp is off, wanted on"
    if not flags & _IFF_MULTICAST:
        yield "multicast is off, wanted on"
    for setting in _OF_KIND.get(kind, ()):
        if (found := data.get(setting.kind)) is not None and found != setting.value:
            yield f"{setting.name} is {_number(found)}, wanted {_number(setting.value)}"
    for setting in PORT:
        if (found := port.get(setting.kind)) is None or found == setting.value:
            continue
        if setting.kind != _STATE or found != _DISABLED:
            yield f"port's {setting.name} is {_number(found)}, wanted {_number(setting.value)}"


def _number(octets: bytes | memoryview) -> int:
    return int.from_bytes(octets, "little")


def flags_to_set(odd: Iterable[str]) -> tuple[int, int]:
    """Return the flags of a link, and which of them count, that put right what is odd."""
    named = {words.partition(" ")[0] for words in odd}
    multicast = _IFF_MULTICAST if "multicast" in named else 0
    return multicast, multicast | (_IFF_NOARP if "arp" in named else 0)


def settings_to_set(kind: str, odd: Iterable[str]) -> Iterator[bytes]:
    """Yield the attributes (IFLA_LINKINFO) that put right what is odd, each for a message of its own."""
    named = {words.partition(" is ")[0] for words in odd}
    own = [codec.attribute(s.kind, s.value) for s in _OF_KIND.get(kind, ()) if s.name in named]
    if own:
        info = (codec.text(_INFO_KIND, kind), codec.nest(_INFO_DATA, *own))
        yield codec.nest(IFLA_LINKINFO, *info)
    ports = [codec.attribute(s.kind, s.value) for s in PORT if f"port's {s.name}" in named]
    if ports:
        info = (codec.text(_INFO_SLAVE_KIND, "bridge"), codec.nest(_INFO_SLAVE_DATA, *ports))
        yield codec.nest(IFLA_LINKINFO, *info)
