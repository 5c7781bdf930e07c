"""Rules as the kernel lists them: its own, which lead to its tables, and others'."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from nlan.netlink import codec, wire
from nlan.netlink.channel import Channel, DumpRefusedError
from nlan.netlink.codec import Message

_SUPPRESSES_NOTHING = 0xFFFFFFFF
_NARROWING = frozenset(
    {
        wire.FRA_IIFNAME,
        wire.FRA_FWMARK,
        wire.FRA_FLOW,
        wire.FRA_TUN_ID,
        wire.FRA_SUPPRESS_IFGROUP,
        wire.FRA_FWMASK,
        wire.FRA_OIFNAME,
        wire.FRA_L3MDEV,
        wire.FRA_UID_RANGE,
        wire.FRA_IP_PROTO,
        wire.FRA_SPORT_RANGE,
        wire.FRA_DPORT_RANGE,
        wire.FRA_DSCP,
    }
)
"""What makes a rule hold for some packets or routes alone."""
TABLES = {wire.RT_TABLE_LOCAL: "local", wire.RT_TABLE_MAIN: "main", wire.RT_TABLE_DEFAULT: "default"}


class Rule(NamedTuple):
    """A rule of the kernel's own."""

    family: int
    priority: int
    table: int

    def __str__(self) -> str:
        command = "ip rule" if self.family == wire.AF_INET else "ip -6 rule"
        return f"{command} {self.priority} lookup {TABLES[self.table]}"


RULES = (
    Rule(wire.AF_INET, 0, wire.RT_TABLE_LOCAL),
    Rule(wire.AF_INET, 32766, wire.RT_TABLE_MAIN),
    Rule(wire.AF_INET, 32767, wire.RT_TABLE_DEFAULT),
    Rule(wire.AF_INET6, 0, wire.RT_TABLE_LOCAL),
    Rule(wire.AF_INET6, 32766, wire.RT_TABLE_MAIN),
)


def dump_rules(channel: Channel) -> list[bytes]:
    """Return the bodies of all rules of IPv4 and IPv6; none where the kernel has no rules."""
    try:
        listed = channel.dump(Message(wire.RTM_GETRULE, 0, wire.FIB_RULE_HDR.pack(*[0] * 9)))
    except DumpRefusedError:
        return []
    return [
        bytes(body) for _, body in listed if body[0] in (wire.AF_INET, wire.AF_INET6)
    ]  # multicast has some, too


@lru_cache(maxsize=64)
def own_rule(body: bytes) -> Rule | None:
    """Return which of the kernel's own rules it is; None for any other. All namespaces have the same."""
    family, destination, source, tos, table, _, _, action, flags = wire.FIB_RULE_HDR.unpack_from(body)
    if (destination, source, tos, action, flags) != (0, 0, 0, wire.FR_ACT_TO_TBL, 0) or table not in TABLES:
        return None
    found = codec.attributes(memoryview(body), wire.FIB_RULE_HDR.size)
    suppressed = codec.as_u32(found.get(wire.FRA_SUPPRESS_PREFIXLEN), _SUPPRESSES_NOTHING)
    if found.keys() & _NARROWING or suppressed != _SUPPRESSES_NOTHING:
        return None
    rule = Rule(family, codec.as_u32(found.get(wire.FRA_PRIORITY)), table)
    return rule if rule in RULES else None


def new_rule(rule: Rule) -> Message:
    """Return the message that brings one of the kernel's own rules back."""
    header = wire.FIB_RULE_HDR.pack(rule.family, 0, 0, 0, rule.table, 0, 0, wire.FR_ACT_TO_TBL, 0)
    priority = codec.u32(wire.FRA_PRIORITY, rule.priority)
    marked = codec.u8(wire.FRA_PROTOCOL, wire.RTPROT_KERNEL)
    return Message(wire.RTM_NEWRULE, wire.NLM_F_CREATE | wire.NLM_F_EXCL, header + priority + marked)
