"""How nlan leaves the settings of its links: what differs is found in a dump, and put right.

Most are the kernel's own defaults, which nlan relies on as much as on what it says when it makes a link.
A setting that this kernel does not list is as it shall be.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from nlan.netlink import codec, wire


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
    _u32("stp_state", wire.IFLA_BR_STP_STATE, 0),
    _u8("vlan_filtering", wire.IFLA_BR_VLAN_FILTERING, 0),
    _u16("group_fwd_mask", wire.IFLA_BR_GROUP_FWD_MASK, 0),
    _u8("mcast_snooping", wire.IFLA_BR_MCAST_SNOOPING, 0),
    _u8("nf_call_iptables", wire.IFLA_BR_NF_CALL_IPTABLES, 0),
    _u8("nf_call_ip6tables", wire.IFLA_BR_NF_CALL_IP6TABLES, 0),
    _u8("nf_call_arptables", wire.IFLA_BR_NF_CALL_ARPTABLES, 0),
)
VXLAN = (
    _u8("ttl", wire.IFLA_VXLAN_TTL, 0),
    _u8("tos", wire.IFLA_VXLAN_TOS, 0),
    _u8("learning", wire.IFLA_VXLAN_LEARNING, 1),
    _u32("ageing", wire.IFLA_VXLAN_AGEING, 300),
    _u8("proxy", wire.IFLA_VXLAN_PROXY, 0),
    _u8("rsc", wire.IFLA_VXLAN_RSC, 0),
    _u8("l2miss", wire.IFLA_VXLAN_L2MISS, 0),
    _u8("l3miss", wire.IFLA_VXLAN_L3MISS, 0),
    _u8("df", wire.IFLA_VXLAN_DF, 0),
)
PORT = (
    Setting("state", wire.IFLA_BRPORT_STATE, b"\x03"),
    _u8("hairpin", wire.IFLA_BRPORT_MODE, 0),
    _u8("guard", wire.IFLA_BRPORT_GUARD, 0),
    _u8("root_block", wire.IFLA_BRPORT_PROTECT, 0),
    _u8("learning", wire.IFLA_BRPORT_LEARNING, 1),
    _u8("flood", wire.IFLA_BRPORT_UNICAST_FLOOD, 1),
    _u8("proxy_arp", wire.IFLA_BRPORT_PROXYARP, 0),
    _u8("mcast_flood", wire.IFLA_BRPORT_MCAST_FLOOD, 1),
    _u8("vlan_tunnel", wire.IFLA_BRPORT_VLAN_TUNNEL, 0),
    _u8("bcast_flood", wire.IFLA_BRPORT_BCAST_FLOOD, 1),
    _u8("neigh_suppress", wire.IFLA_BRPORT_NEIGH_SUPPRESS, 0),
    _u8("isolated", wire.IFLA_BRPORT_ISOLATED, 0),
    _u8("locked", wire.IFLA_BRPORT_LOCKED, 0),
)
_OF_KIND = {"bridge": BRIDGE, "vxlan": VXLAN}
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
    if flags & wire.IFF_NOARP:
        yield "arp is off, wanted on"
    if not flags & wire.IFF_MULTICAST:
        yield "multicast is off, wanted on"
    for setting in _OF_KIND.get(kind, ()):
        if (found := data.get(setting.kind)) is not None and found != setting.value:
            yield f"{setting.name} is {_number(found)}, wanted {_number(setting.value)}"
    for setting in PORT:
        if (found := port.get(setting.kind)) is None or found == setting.value:
            continue
        if setting.kind != wire.IFLA_BRPORT_STATE or found != _DISABLED:
            yield f"port's {setting.name} is {_number(found)}, wanted {_number(setting.value)}"


def _number(octets: bytes | memoryview) -> int:
    return int.from_bytes(octets, "little")


def flags_to_set(odd: Iterable[str]) -> tuple[int, int]:
    """Return the flags of a link, and which of them count, that put right what is odd."""
    named = {words.partition(" ")[0] for words in odd}
    multicast = wire.IFF_MULTICAST if "multicast" in named else 0
    return multicast, multicast | (wire.IFF_NOARP if "arp" in named else 0)


def settings_to_set(kind: str, odd: Iterable[str]) -> Iterator[bytes]:
    """Yield the attributes (wire.IFLA_LINKINFO) that put right what is odd, each for a message of its own."""
    named = {words.partition(" is ")[0] for words in odd}
    own = [codec.attribute(s.kind, s.value) for s in _OF_KIND.get(kind, ()) if s.name in named]
    if own:
        info = (codec.text(wire.IFLA_INFO_KIND, kind), codec.nest(wire.IFLA_INFO_DATA, *own))
        yield codec.nest(wire.IFLA_LINKINFO, *info)
    ports = [codec.attribute(s.kind, s.value) for s in PORT if f"port's {s.name}" in named]
    if ports:
        info = (
            codec.text(wire.IFLA_INFO_SLAVE_KIND, "bridge"),
            codec.nest(wire.IFLA_INFO_SLAVE_DATA, *ports),
        )
        yield codec.nest(wire.IFLA_LINKINFO, *info)
