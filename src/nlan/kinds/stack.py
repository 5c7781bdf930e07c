"""The loopback and the kernel's own rules of a namespace; rules of others are foreign."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from nlan.netlink import codec
from nlan.netlink.channel import Channel, DumpRefusedError
from nlan.netlink.codec import Message
from nlan.netlink.links import Links, change_link
from nlan.netlink.step import FINISH, Step, said
from nlan.resources import Stack

RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE = 32, 33, 34
FRA_DST, FRA_SRC, FRA_IIFNAME, FRA_PRIORITY, FRA_FWMARK, FRA_TABLE, FRA_OIFNAME = 1, 2, 3, 6, 10, 15, 17
FRA_L3MDEV, FRA_PROTOCOL = 19, 21
_FRA_SUPPRESS_PREFIX_LENGTH, _SUPPRESSES_NOTHING = 14, 0xFFFFFFFF
_NARROWING = frozenset({FRA_IIFNAME, FRA_FWMARK, 11, 12, 13, 16, FRA_OIFNAME, FRA_L3MDEV, 20, 22, 23, 24, 25})
"""What makes a rule hold for some packets or routes alone: its realm, tunnel, interface group, mark's mask,
users, protocol, ports and DSCP among them."""
RULE_HEADER = struct.Struct("=BBBBBBBBI")
"""Family, lengths of destination and source, TOS, table, two reserved, action, flags."""
TO_TABLE = 1
KERNEL = 2
_AF_INET, _AF_INET6 = 2, 10
_LOCAL, _MAIN, _DEFAULT = 255, 254, 253
TABLES = {_LOCAL: "local", _MAIN: "main", _DEFAULT: "default"}


class Rule(NamedTuple):
    """A rule of the kernel's own."""

    family: int
    priority: int
    table: int

    def __str__(self) -> str:
        command = "ip rule" if self.family == _AF_INET else "ip -6 rule"
        return f"{command} {self.priority} lookup {TABLES[self.table]}"


RULES = (
    Rule(_AF_INET, 0, _LOCAL),
    Rule(_AF_INET, 32766, _MAIN),
    Rule(_AF_INET, 32767, _DEFAULT),
    Rule(_AF_INET6, 0, _LOCAL),
    Rule(_AF_INET6, 32766, _MAIN),
)
_MISSING = " is missing"
_LO_DOWN = "lo is down"


def dump_rules(channel: Channel) -> list[bytes]:
    """Return the bodies of all rules of IPv4 and IPv6; none where the kernel has no rules."""
    try:
        listed = channel.dump(Message(RTM_GETRULE, 0, RULE_HEADER.pack(*[0] * 9)))
    except DumpRefusedError:
        return []
    return [bytes(body) for _, body in listed if body[0] in (_AF_INET, _AF_INET6)]  # multicast has some, too


@lru_cache(maxsize=64)
def own_rule(body: bytes) -> Rule | None:
    """Return which of the kernel's own rules it is; None for any other. All namespaces have the same."""
    family, destination, source, tos, table, _, _, action, flags = RULE_HEADER.unpack_from(body)
    if (destination, source, tos, action, flags) != (0, 0, 0, TO_TABLE, 0) or table not in TABLES:
        return None
    found = codec.attributes(memoryview(body), RULE_HEADER.size)
    suppressed = codec.as_u32(found.get(_FRA_SUPPRESS_PREFIX_LENGTH), _SUPPRESSES_NOTHING)
    if found.keys() & _NARROWING or suppressed != _SUPPRESSES_NOTHING:
        return None
    rule = Rule(family, codec.as_u32(found.get(FRA_PRIORITY)), table)
    return rule if rule in RULES else None


def observe(namespace: str, links: Links, rules: Iterable[bytes]) -> Stack:
    """Return the stack of a namespace, and what of it is gone."""
    lo = links.by_name.get("lo")
    there = {own_rule(body) for body in rules}
    gone = [str(rule) + _MISSING for rule in RULES if rule not in there and _speaks(rule.family)]
    lacks = [_LO_DOWN] if lo is not None and not lo.up else []
    return Stack(namespace=namespace, lacks=(*lacks, *gone))


@cache
def _speaks(family: int) -> bool:
    """Tell whether the kernel has the family at all; it may be built without IPv6."""
    return family == _AF_INET or os.path.isdir("/proc/sys/net/ipv6")


def update(observed: Stack) -> list[Step]:
    """Bring back what is gone."""
    return [said(FINISH, observed.namespace, message) for message in _messages(observed)]


def _messages(observed: Stack) -> Iterator[Message]:
    if _LO_DOWN in observed.lacks:
        yield change_link("lo", up=True)
    for rule in RULES:
        if str(rule) + _MISSING in observed.lacks:
            yield _new_rule(rule)


def _new_rule(rule: Rule) -> Message:
    header = RULE_HEADER.pack(rule.family, 0, 0, 0, rule.table, 0, 0, TO_TABLE, 0)
    priority = codec.u32(FRA_PRIORITY, rule.priority)
    marked = codec.u8(FRA_PROTOCOL, KERNEL)
    return Message(RTM_NEWRULE, codec.NLM_F_CREATE | codec.NLM_F_EXCL, header + priority + marked)
