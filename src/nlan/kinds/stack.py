"""What the kernel puts into every network namespace: its loopback, and the rules that lead to its tables."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache
from ipaddress import ip_address
from typing import ClassVar

from nlan.netlink import codec, wire
from nlan.netlink.codec import Message
from nlan.netlink.kind import KernelKind, View, foreign
from nlan.netlink.step import FINISH, Step, send
from nlan.netlink.tables.links import change_link
from nlan.netlink.tables.routes import NOT_FOREIGN
from nlan.netlink.tables.rules import RULES, TABLES, new_rule, own_rule
from nlan.resources.base import NAMESPACE, Impact, Key, Rank, Resource
from nlan.resources.foreign import What

_MISSING = " is missing"
_LO_DOWN = "lo is down"
_ACTIONS = {
    wire.FR_ACT_GOTO: "goto",
    wire.FR_ACT_NOP: "nop",
    wire.FR_ACT_BLACKHOLE: "blackhole",
    wire.FR_ACT_UNREACHABLE: "unreachable",
    wire.FR_ACT_PROHIBIT: "prohibit",
}


class Stack(Resource, frozen=True, kw_only=True):
    """The loopback and the routing policy of a namespace, which come and go with it.

    Attributes:
        namespace: Where.
        lacks: What of it is gone, in words: ``lo is down``, ``ip rule 0 lookup local is missing``.
    """

    kind: ClassVar[str] = "stack"
    rank: ClassVar[int] = Rank.SETTINGS
    comes_with_namespace: ClassVar[bool] = True
    mutable: ClassVar[dict[str, Impact]] = {"lacks": "hitless"}
    namespace: str
    lacks: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """One per namespace."""
        return Key(self.kind, self.namespace, "")

    def requires(self) -> tuple[Key, ...]:
        """Its namespace."""
        return (Key(NAMESPACE, self.namespace, ""),)

    def claims(self) -> tuple[tuple[str, ...], ...]:
        """The loopback's name."""
        return (("interface", self.namespace, "lo"),)


class StackKind(KernelKind[Stack]):
    """How a namespace's stack is looked at and put right; rules of others are foreign."""

    resource = Stack
    events = ("link", "policy")

    def observe(self, view: View) -> Iterator[Resource]:
        """Yield the stack of a namespace with what of it is gone, and foreign rules."""
        lo = view.links.by_name.get("lo")
        there = {own_rule(body) for body in view.rules}
        gone = [str(rule) + _MISSING for rule in RULES if rule not in there and _speaks(rule.family)]
        lacks = [_LO_DOWN] if lo is not None and not lo.up else []
        yield Stack(namespace=view.namespace, lacks=(*lacks, *gone))
        for body in view.rules:
            if own_rule(body) is None:
                yield from _foreign(view.namespace, body)

    def update(self, desired: Stack, observed: Stack) -> list[Step]:
        """Bring back what is gone."""
        return [send(FINISH, observed.namespace, message) for message in _messages(observed)]


KIND = StackKind()


@cache
def _speaks(family: int) -> bool:
    """Tell whether the kernel has the family at all; it may be built without IPv6."""
    return family == wire.AF_INET or os.path.isdir("/proc/sys/net/ipv6")


def _messages(observed: Stack) -> Iterator[Message]:
    if _LO_DOWN in observed.lacks:
        yield change_link("lo", up=True)
    for rule in RULES:
        if str(rule) + _MISSING in observed.lacks:
            yield new_rule(rule)


def _foreign(namespace: str, body: bytes) -> Iterator[Resource]:
    parts = codec.attributes(memoryview(body), wire.FIB_RULE_HDR.size)
    marked = parts.get(wire.FRA_PROTOCOL)
    of_others = NOT_FOREIGN - {wire.RTPROT_KERNEL}
    if wire.FRA_L3MDEV in parts or (marked is not None and marked[0] in of_others):
        return
    what: What = "ip rule" if body[0] == wire.AF_INET else "ip -6 rule"
    yield foreign(namespace, what, _words(body, parts), wire.RTM_DELRULE, body)


def _words(body: bytes, parts: Mapping[int, memoryview]) -> str:
    _, destination, source, _, table, _, _, action, _ = wire.FIB_RULE_HDR.unpack_from(body)
    table = codec.as_u32(parts.get(wire.FRA_TABLE), table)
    words = [str(codec.as_u32(parts.get(wire.FRA_PRIORITY)))]
    words.append(
        f"lookup {TABLES.get(table, table)}"
        if action == wire.FR_ACT_TO_TBL
        else _ACTIONS.get(action, str(action))
    )
    for word, part, length in (("from", wire.FRA_SRC, source), ("to", wire.FRA_DST, destination)):
        if part in parts:
            words.append(f"{word} {ip_address(bytes(parts[part]))}/{length}")
    words += [f"iif {codec.as_text(parts[wire.FRA_IIFNAME])}"] if wire.FRA_IIFNAME in parts else []
    words += [f"oif {codec.as_text(parts[wire.FRA_OIFNAME])}"] if wire.FRA_OIFNAME in parts else []
    words += [f"fwmark {codec.as_u32(parts[wire.FRA_FWMARK]):#x}"] if wire.FRA_FWMARK in parts else []
    return " ".join(words)
