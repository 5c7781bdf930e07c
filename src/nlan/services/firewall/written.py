"""What a node says of a firewall, and how that is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Literal, NamedTuple

from nlan.schema.resolving.drafts import NodeDraft
from nlan.schema.syntax.report import Position, Report, Written
from nlan.schema.written import common
from nlan.schema.written.addresses import Prefix
from nlan.schema.written.kinds import Json, Kind, ListOf, ScalarKind, Shapes, or_placeholder
from nlan.schema.written.numbers import Integer
from nlan.schema.written.scalars import Choice, Text
from nlan.schema.written.sections import Contribution, Key, Record, Section, keys_of
from nlan.services._attached import find_attached
from nlan.services.firewall.model import Action, Firewall, Rule, Side

PORT = Integer(1, 65535, "port")
ANY, SELF = "any", "self"
_PORTS = re.compile(r"[0-9]{1,5}(?:-[0-9]{1,5})?(?:\s*,\s*[0-9]{1,5}(?:-[0-9]{1,5})?)*")


class WrittenRule(NamedTuple):
    """A rule as it is written; its ends are words."""

    text: str
    action: Action
    protocol: Literal["", "tcp", "udp", "icmp"]
    ports: tuple[str, ...]
    source: str
    destination: str


class RuleKind(ScalarKind[WrittenRule]):
    """A rule in words: an action, what it is about, from where, to where."""

    wanted = "a rule such as `allow tcp 80, 443 from lan to isp`"
    explains = True
    END = "[A-Za-z0-9:][A-Za-z0-9_.:/-]*"
    PATTERN = (
        r"(allow|deny|reject)(?:\s+(tcp|udp|icmp)(?:\s+([0-9][0-9,\s-]*[0-9]|[0-9]))?)?"
        rf"(?:\s+from\s+({END}))?(?:\s+to\s+({END}))?"
    )

    def parse(self, text: str, plain: bool) -> WrittenRule:
        """Return its parts."""
        words = " ".join(text.split())
        match = re.fullmatch(self.PATTERN, words)
        if match is None:
            raise ValueError(f"`{text}` is not {self.wanted}", self._hint(words))
        action, protocol, ports, source, destination = match.groups(default="")
        if ports and protocol == "icmp":
            raise ValueError(f"`{text}` is not {self.wanted}: ICMP has no ports")
        return WrittenRule(
            words,
            action,  # type: ignore[arg-type]  # one of the pattern's words
            protocol,  # type: ignore[arg-type]  # likewise
            tuple(self._ports(ports)),
            source or ANY,
            destination or ANY,
        )

    def _hint(self, words: str) -> str:
        first = words.partition(" ")[0]
        if first not in ("allow", "deny", "reject"):
            return "a rule begins with `allow`, `deny` or `reject`"
        return "then `tcp`, `udp` or `icmp` with ports, `from` and `to`, each where it is wanted"

    def _ports(self, text: str) -> Iterator[str]:
        if text and not _PORTS.fullmatch(text):
            raise ValueError(f"`{text}` is not a list of ports such as `80, 443, 8000-8099`")
        for part in text.replace(" ", "").split(",") if text else ():
            ends = [PORT.parse(end, True) for end in part.split("-")]
            if ends != sorted(set(ends)):
                raise ValueError(f"`{part}` is no range of ports: it ends where it begins, or before")
            yield part

    def schema(self) -> Json:
        """A string."""
        return {"type": "string", "pattern": or_placeholder(r"\s*(allow|deny|reject)(\s.*)?")}


class FirewallKeys:
    """The keys of a firewall."""

    default = Key(
        "default",
        Choice[Action]("allow", "deny", "reject"),
        "What becomes of what passes the node and no rule fits.",
        default="`deny`",
    )
    rules = Key(
        "rules",
        ListOf(RuleKind()),
        "The first that fits decides; such as `allow tcp 80, 443 from lan to isp`.",
    )


FIREWALL = Section("a firewall", "Rules for packets.", keys_of(FirewallKeys))
_FIREWALL: Kind[Record | list[Written[WrittenRule]]] = Shapes(
    "rules, or a mapping", scalar=ListOf(RuleKind()), seq=ListOf(RuleKind()), map=FIREWALL
)


class NodeKeys:
    """What a node may say."""

    firewall = Key("firewall", _FIREWALL, "Service: rules for what passes it, or is meant for it.")


CONTRIBUTION = Contribution(
    {"a node": keys_of(NodeKeys)},
    [FIREWALL],
    titles={Firewall: "a firewall", Rule: "a rule", Side: "a side of a rule"},
    fields={
        (Side, "interface"): common.IFNAME,
        (Rule, "ports"): Text("a port, or a range of them", "[0-9]{1,5}(-[0-9]{1,5})?"),
    },
    routing={"a node": (NodeKeys.firewall,)},
    pages={"NAT and firewall": "services/firewall.md"},
)


def resolve(node: NodeDraft, report: Report) -> Firewall | None:
    """Return the node's rules, None where nothing is written of them."""
    written = node.written.get(NodeKeys.firewall)
    if written is None:
        return None
    rules = written.get(FirewallKeys.rules, []) if isinstance(written, Record) else written
    default: Action = "deny"
    if isinstance(written, Record):
        default = written.get(FirewallKeys.default, default)
    return Firewall(default=default, rules=tuple(_rules(node, rules, report)))


def _rules(node: NodeDraft, written: Iterable[Written[WrittenRule]], report: Report) -> Iterator[Rule]:
    for entry in written:
        text, action, protocol, ports, source, destination = entry.value
        if source == SELF:
            message = "what the node itself sends is not filtered"
            report.error(entry.at, message, f"filter it where it passes, or what is `to {SELF}`")
            continue
        one = _side(node, source, entry.at, report)
        other = _side(node, destination, entry.at, report)
        if one is None or other is None:
            continue
        versions = {side.prefix.version for side in (one, other) if side.prefix is not None}
        if len(versions) > 1:
            report.error(entry.at, f"`{text}` is of IPv4 and of IPv6 at once, as no packet is")
            continue
        yield Rule(text=text, action=action, protocol=protocol, ports=ports, source=one, destination=other)


def _side(node: NodeDraft, word: str, at: Position, report: Report) -> Side | None:
    """Return where a word means: anywhere, the node itself, addresses, or an interface."""
    if word == ANY:
        return Side()
    if word == SELF:
        return Side(itself=True)
    if "/" in word or ":" in word or re.fullmatch(r"[0-9.]+", word):
        try:
            return Side(prefix=Prefix().parse(word, True) if "/" in word else ip_network(word))
        except ValueError as error:
            reason = error.args if "/" in word else (f"`{word}` is not an address such as `192.0.2.1`",)
            report.error(at, *map(str, reason))
            return None
    attached = find_attached(node, word, at, report)
    return None if attached is None else Side(interface=attached.interface)
