"""How nlan leaves the settings of its links: what differs is found in a dump, and put right.

Most are the kernel's own defaults, which nlan relies on as much as on what it says when it makes a link.
A setting that this kernel does not list is as it shall be.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def u8(name: str, kind: int, value: int) -> Setting:
    """Return a setting of one byte."""
    return Setting(name, kind, bytes((value,)))


def u16(name: str, kind: int, value: int) -> Setting:
    """Return a setting of two bytes."""
    return Setting(name, kind, struct.pack("=H", value))


def u32(name: str, kind: int, value: int) -> Setting:
    """Return a setting of four bytes."""
    return Setting(name, kind, struct.pack("=I", value))


PORT = (
    Setting("state", wire.IFLA_BRPORT_STATE, b"\x03"),
    u8("hairpin", wire.IFLA_BRPORT_MODE, 0),
    u8("guard", wire.IFLA_BRPORT_GUARD, 0),
    u8("root_block", wire.IFLA_BRPORT_PROTECT, 0),
    u8("learning", wire.IFLA_BRPORT_LEARNING, 1),
    u8("flood", wire.IFLA_BRPORT_UNICAST_FLOOD, 1),
    u8("proxy_arp", wire.IFLA_BRPORT_PROXYARP, 0),
    u8("mcast_flood", wire.IFLA_BRPORT_MCAST_FLOOD, 1),
    u8("vlan_tunnel", wire.IFLA_BRPORT_VLAN_TUNNEL, 0),
    u8("bcast_flood", wire.IFLA_BRPORT_BCAST_FLOOD, 1),
    u8("neigh_suppress", wire.IFLA_BRPORT_NEIGH_SUPPRESS, 0),
    u8("isolated", wire.IFLA_BRPORT_ISOLATED, 0),
    u8("locked", wire.IFLA_BRPORT_LOCKED, 0),
)
_PORTS = "port's "
_DISABLED = b"\x00"
"""A port whose link has no carrier is disabled, or was by hand; nobody can tell."""


def odd_settings(flags: int, port: Mapping[int, memoryview]) -> Iterator[str]:
    """Yield in words what is not as nlan makes a link of any kind.

    Args:
        flags: IFF_*.
        port: Attributes that it has as a port of a bridge.
    """
    if flags & wire.IFF_NOARP:
        yield "arp is off, wanted on"
    if not flags & wire.IFF_MULTICAST:
        yield "multicast is off, wanted on"
    for setting in PORT:
        if (found := port.get(setting.kind)) is None or found == setting.value:
            continue
        if setting.kind != wire.IFLA_BRPORT_STATE or found != _DISABLED:
            yield f"{_PORTS}{setting.name} is {_number(found)}, wanted {_number(setting.value)}"


def with_own(odd: tuple[str, ...], data: Mapping[int, memoryview], own: Sequence[Setting]) -> tuple[str, ...]:
    """Return what is odd about a link, with what is so of the settings of its kind.

    Args:
        odd: What is odd of those that links of any kind have.
        data: Attributes of its kind.
        own: How nlan leaves the settings of the kind.
    """
    words = tuple(
        f"{setting.name} is {_number(found)}, wanted {_number(setting.value)}"
        for setting in own
        if (found := data.get(setting.kind)) is not None and found != setting.value
    )
    if not words:
        return odd
    ports = tuple(one for one in odd if one.startswith(_PORTS))
    return (*odd[: len(odd) - len(ports)], *words, *ports)


def _number(value: bytes | memoryview) -> int:
    return int.from_bytes(value, "little")


def flags_to_set(odd: Iterable[str]) -> tuple[int, int]:
    """Return the flags of a link, and which of them count, that put right what is odd."""
    named = {words.partition(" ")[0] for words in odd}
    multicast = wire.IFF_MULTICAST if "multicast" in named else 0
    return multicast, multicast | (wire.IFF_NOARP if "arp" in named else 0)


def settings_to_set(kind: str, odd: Iterable[str], settings: Sequence[Setting]) -> Iterator[bytes]:
    """Yield the attributes (wire.IFLA_LINKINFO) that put right what is odd, each for a message of its own."""
    named = {words.partition(" is ")[0] for words in odd}
    own = [codec.attribute(s.kind, s.value) for s in settings if s.name in named]
    if own:
        info = (codec.text(wire.IFLA_INFO_KIND, kind), codec.nest(wire.IFLA_INFO_DATA, *own))
        yield codec.nest(wire.IFLA_LINKINFO, *info)
    ports = [codec.attribute(s.kind, s.value) for s in PORT if f"{_PORTS}{s.name}" in named]
    if ports:
        info = (
            codec.text(wire.IFLA_INFO_SLAVE_KIND, "bridge"),
            codec.nest(wire.IFLA_INFO_SLAVE_DATA, *ports),
        )
        yield codec.nest(wire.IFLA_LINKINFO, *info)
