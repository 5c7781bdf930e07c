"""What a node says of NAT, and how that is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address
from typing import Literal, NamedTuple

from nlan.schema.resolving.drafts import NodeDraft
from nlan.schema.syntax.report import Position, Report, Written, nearest
from nlan.schema.written import common
from nlan.schema.written.kinds import Json, Kind, ListOf, ScalarKind, Shapes, or_placeholder
from nlan.schema.written.numbers import Integer
from nlan.schema.written.scalars import Text
from nlan.schema.written.sections import Contribution, Key, Record, Section, keys_of
from nlan.services._attached import find_attached
from nlan.services.nat.model import Forward, Nat

PORT = Integer(1, 65535, "port")
ATTACHED = Text("an interface, a network, or a neighbour's name", "[A-Za-z0-9][A-Za-z0-9_.-]*")
WHERE: Kind[list[Written[str]]] = ListOf(ATTACHED)


class Forwarded(NamedTuple):
    """A forward as it is written: to an address, or to a node by its name."""

    protocol: Literal["tcp", "udp"]
    port: int
    to: str
    to_port: int


class ForwardKind(ScalarKind[Forwarded]):
    """A port that is forwarded, in words."""

    wanted = "a forward such as `tcp 8080 to 192.0.2.10:80`"
    explains = True
    PATTERN = r"(?:(tcp|udp)\s+)?([0-9]{1,5})\s+to\s+([A-Za-z0-9][A-Za-z0-9_.-]*)(?::([0-9]{1,5}))?"

    def parse(self, text: str, plain: bool) -> Forwarded:
        """Return its parts."""
        match = re.fullmatch(self.PATTERN, text.strip())
        if match is None:
            raise ValueError(f"`{text}` is not {self.wanted}")
        port = PORT.parse(match[2], plain)
        to_port = PORT.parse(match[4], plain) if match[4] else port
        return Forwarded("udp" if match[1] == "udp" else "tcp", port, match[3], to_port)

    def schema(self) -> Json:
        """A string."""
        return {"type": "string", "pattern": or_placeholder(self.PATTERN.replace("(?:", "("))}


class NatKeys:
    """The keys of NAT."""

    out = Key(
        "out",
        WHERE,
        "Where the outside is: what leaves there bears the node's own address.",
        required=True,
    )
    forward = Key(
        "forward",
        ListOf(ForwardKind()),
        "Ports of the outer address that lead to hosts inside, such as `tcp 8080 to 192.0.2.10:80`.",
    )


NAT = Section("NAT", "Translation of addresses.", keys_of(NatKeys))
_NAT: Kind[Record | list[Written[str]]] = Shapes(
    "the interface to the outside, or a mapping", scalar=WHERE, seq=WHERE, map=NAT
)


class NodeKeys:
    """What a node may say."""

    nat = Key("nat", _NAT, "Service: translates addresses (IPv4) of what leaves there, such as `isp`.")


CONTRIBUTION = Contribution(
    {"a node": keys_of(NodeKeys)},
    [NAT],
    titles={Nat: "NAT", Forward: "a forwarded port"},
    routing={"a node": (NodeKeys.nat,)},
    fields={(Nat, "out"): common.IFNAME, (Forward, "port"): PORT, (Forward, "to_port"): PORT},
    pages={"NAT and firewall": "services/firewall.md"},
)


def resolve(node: NodeDraft, report: Report) -> Nat | None:
    """Return what the node translates, None where nothing is written of that."""
    written = node.written.get(NodeKeys.nat)
    if written is None:
        return None
    where = written.get(NatKeys.out, []) if isinstance(written, Record) else written
    forwards = written.get(NatKeys.forward, []) if isinstance(written, Record) else []
    out = [find_attached(node, word.value, word.at, report) for word in where]
    interfaces = tuple(dict.fromkeys(one.interface for one in out if one is not None))
    found = tuple(_forwards(node, forwards, report))
    if not where and not (isinstance(written, Record) and not written.has(NatKeys.out)):
        at = node.written.position(NodeKeys.nat)
        report.error(at, "NAT needs an interface to the outside", "say `out`")
    return Nat(out=interfaces, forwards=found) if interfaces else None


def _forwards(node: NodeDraft, written: Iterable[Written[Forwarded]], report: Report) -> Iterator[Forward]:
    seen: dict[tuple[str, int], str] = {}
    for entry in written:
        protocol, port, to, to_port = entry.value
        if (other := seen.setdefault((protocol, port), to)) is not to:
            report.error(entry.at, f"{protocol} port {port} is forwarded to `{other}` already")
        elif (address := _address(node, to, entry.at, report)) is not None:
            yield Forward(protocol=protocol, port=port, to=address, to_port=to_port)


def _address(node: NodeDraft, word: str, at: Position, report: Report) -> IPv4Address | None:
    """Return the address that is written, or that of a node beside this one."""
    try:
        return IPv4Address(word)
    except ValueError:
        beside = {
            end.node.name: address
            for segment, _ in node.ends
            for end in segment.ends
            if end.node is not node and isinstance(address := end.address(4), IPv4Address)
        }
    if word not in beside:
        hint = nearest(word, beside) or "write the host's address"
        report.error(at, f"`{word}` is no address, and no node beside {node.name} with an IPv4 address", hint)
    return beside.get(word)
