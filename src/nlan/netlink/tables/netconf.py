"""Kernel switches that each interface has of its own, as the kernel lists them (RTM_GETNETCONF).

Of those that forward, an interface's counts alone, and what is written for all is copied to each. Of the
reverse path filter the stricter counts, an interface's or that for all, and a new one has what `default`
says.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from nlan.netlink import codec, wire
from nlan.netlink.channel import Channel, DumpRefusedError
from nlan.netlink.codec import Message

_READ = frozenset({wire.NETCONFA_IFINDEX, wire.NETCONFA_FORWARDING, wire.NETCONFA_RP_FILTER})


class Switch(NamedTuple):
    """A switch of a namespace that its interfaces have too.

    Attributes:
        family: AF_INET or AF_INET6.
        attribute: Its number.
        path: An interface's own, with a place for its name.
        is_copied: Whether writing it writes each interface's.
    """

    family: int
    attribute: int
    path: str
    is_copied: bool


SWITCHES = {
    "net/ipv4/ip_forward": Switch(
        wire.AF_INET, wire.NETCONFA_FORWARDING, "net/ipv4/conf/{}/forwarding", is_copied=True
    ),
    "net/ipv4/conf/all/rp_filter": Switch(
        wire.AF_INET, wire.NETCONFA_RP_FILTER, "net/ipv4/conf/{}/rp_filter", is_copied=False
    ),
    "net/ipv6/conf/all/forwarding": Switch(
        wire.AF_INET6, wire.NETCONFA_FORWARDING, "net/ipv6/conf/{}/forwarding", is_copied=True
    ),
}


class Odd(NamedTuple):
    """An interface that has a switch otherwise than it should.

    Attributes:
        name: The namespace's switch.
        interface: ``default`` for those to come.
        value: What it has.
        usual: What it should have.
    """

    name: str
    interface: str
    value: str
    usual: str


def read(wanted: Mapping[str, str]) -> tuple[dict[str, str], list[Odd]]:
    """Return the values of those `SWITCHES` of the current namespace that are wanted, and what is odd.

    Args:
        wanted: Values by name, of the namespace and perhaps of some interfaces alone: those may differ.
    """
    asked = {name: SWITCHES[name] for name in wanted if name in SWITCHES}
    if not asked:
        return {}, []
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with Channel(socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)) as channel:
        listed = {family: _listed(channel, family) for family in {s.family for s in asked.values()}}
    found: dict[str, str] = {}
    odd: list[Odd] = []
    for name, switch in asked.items():
        values = dict(_values(listed[switch.family], switch.attribute))
        if wire.NETCONFA_IFINDEX_ALL in values:
            found[name] = values.pop(wire.NETCONFA_IFINDEX_ALL)
        odd += _odd(name, wanted, values)
    return found, odd


def _odd(name: str, wanted: Mapping[str, str], values: Mapping[int, str]) -> Iterator[Odd]:
    switch = SWITCHES[name]
    usual = wanted[name] if switch.is_copied else values.get(wire.NETCONFA_IFINDEX_DEFAULT, wanted[name])
    for index, value in sorted(values.items(), reverse=True):
        if value not in (usual, wanted[name]):
            interface = _name(index)
            if interface and switch.path.format(interface) not in wanted:
                yield Odd(name, interface, value, usual)


def _listed(channel: Channel, family: int) -> list[Mapping[int, memoryview]]:
    try:
        listed = channel.dump(Message(wire.RTM_GETNETCONF, 0, bytes((family, 0, 0, 0))))
    except DumpRefusedError:
        return []  # a kernel without the family
    return [codec.some_attributes(body, 4, _READ) for _, body in listed]


def _values(listed: Iterable[Mapping[int, memoryview]], attribute: int) -> Iterator[tuple[int, str]]:
    for found in listed:
        if attribute in found:
            yield codec.as_u32(found[wire.NETCONFA_IFINDEX]), str(codec.as_u32(found[attribute]))


def _name(index: int) -> str:
    if index == wire.NETCONFA_IFINDEX_DEFAULT:
        return "default"
    try:
        return socket.if_indextoname(index)
    except OSError:
        return ""  # gone meanwhile
