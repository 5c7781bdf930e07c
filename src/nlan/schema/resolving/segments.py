"""The segments of a lab while it is resolved, and how nodes are plugged into them; services make them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from nlan.model import Endpoint, Interface, Lan, Link
from nlan.schema.resolving.allocate import Spans
from nlan.schema.resolving.drafts import End, NodeDraft, Segment
from nlan.schema.resolving.numbering import number_ends
from nlan.schema.resolving.settings import Settings
from nlan.schema.syntax.ranges import expand_names
from nlan.schema.syntax.report import Position, Written, nearest, values
from nlan.schema.written.sections import Record
from nlan.schema.written.segments import EndKeys, SegmentKeys

Nodes = dict[str, NodeDraft]


class Member(NamedTuple):
    """A node that shall be on a segment.

    Attributes:
        node: The node.
        written: What is written of its end.
        interface: The interface's name where that is written with the node's, as in ``pe1:eth5``; else empty.
    """

    node: NodeDraft
    written: Record
    interface: str = ""


class Maker(Protocol):
    """Makes the segments of one `type` that links and networks may have, such as ``l2vpn``."""

    def link(self, name: Written[str], record: Record, members: Sequence[Member]) -> None:
        """Make the segment of a link of two nodes, by its record."""

    def network(self, name: Written[str], record: Record, members: Sequence[Member]) -> None:
        """Make the segment of a network."""


class Wiring:
    """The segments of a lab, in file order, with the nodes plugged into them.

    Attributes:
        settings: What the whole lab says.
        nodes: By name.
        report: Where problems go.
        allocator: Gives numbers by name.
        segments: All there are.
        links: Those that join two interfaces.
        lans: Those that are a switch of their own.
        makers: Who makes segments of other types, by type.
    """

    def __init__(self, settings: Settings, nodes: Nodes) -> None:
        """Take the settings and the nodes; the nodes' interfaces are added to."""
        self.settings, self.nodes = settings, nodes
        self.report, self.allocator = settings.report, settings.allocator
        self.segments: list[Segment] = []
        self.links: list[Link] = []
        self.lans: list[Lan] = []
        self.makers: dict[str, Maker] = {}
        self._interfaces: dict[str, set[str]] = {}
        self._spans: dict[str, Spans] = {}

    def known(self, text: str, at: Position) -> list[str]:
        """Return the nodes of ``pe1``, ``pe[1-4]`` or ``pe1, pe2``; unknown ones are reported."""
        names = expand_names(text, at, self.report)
        for name in names:
            if name not in self.nodes and name not in self.settings.misnamed:
                self.report.error(at, f"no node is called `{name}`", nearest(name, self.nodes))
        return [name for name in names if name in self.nodes]

    def segment(self, name: str, kind: str, record: Record, at: Position) -> Segment:
        """Return a segment without ends by what is written of it."""
        return Segment(
            name=name,
            kind=kind,
            at=at,
            written=record,
            mtu=record.get(SegmentKeys.mtu, self.settings.mtu),
            prefixes=values(record.get(SegmentKeys.prefix)),
        )

    def reserve(self, node: str, interface: str) -> None:
        """Keep the allocation of interfaces off a name that is written; before any is allocated."""
        self._interfaces.setdefault(node, set()).add(interface)

    def plug(self, segment: Segment, node: NodeDraft, interface: str, written: Record) -> End:
        """Plug an interface of a node into a segment, and return that end; it has its written addresses."""
        end = End(
            node,
            interface,
            written.at,
            written,
            addresses=list(values(written.get(EndKeys.address))),
        )
        segment.ends.append(end)
        node.ends.append((segment, end))
        return end

    def join(self, segment: Segment, members: Sequence[Member], pool: str) -> tuple[Endpoint, ...]:
        """Give each member an interface on a segment, named, numbered, and held by the node; return the ends.

        Args:
            segment: Without ends so far.
            members: Who is on it.
            pool: Where its addresses come from, if it says none.
        """
        for node, written, stated in members:
            name = stated or written.get(EndKeys.interface) or self._allocate(node.name, segment.name)
            self.plug(segment, node, name, written)
        self.number(segment, members, pool)
        for end in segment.ends:
            interface = Interface(name=end.interface, addresses=tuple(end.addresses), mtu=segment.mtu)
            end.node.interfaces.append(interface)
            self.settings.positions.put(end.at, "node", end.node.name, "interface", end.interface)
            self.note(end)
        self.segments.append(segment)
        return tuple(Endpoint(node=end.node.name, interface=end.interface) for end in segment.ends)

    def stated(self, key: str) -> list[int]:
        """Return the numbers that the file states under a key, such as `vni`, wherever it stands; sorted."""
        found: set[int] = set()
        _numbers_of(
            key, [self.settings.written, *(node.written for node in self.nodes.values())], found, set()
        )
        return sorted(found)

    def number(self, segment: Segment, members: Sequence[Member], pool: str) -> None:
        """Give the ends of a segment that have none an address of each family."""
        number_ends(self.settings, segment, segment.written, pool, [member.written for member in members])

    def note(self, end: End) -> None:
        """Note where the addresses of an end are written."""
        for value in end.addresses:
            self.settings.positions.put(end.at, "node", end.node.name, "address", value)

    def _allocate(self, node: str, segment: str) -> str:
        spans = self._spans.get(node)
        if spans is None:
            names = self._interfaces.get(node, set())
            numbers = sorted(int(name[3:]) for name in names if re.fullmatch(r"eth[0-9]{1,9}", name))
            spans = self._spans[node] = (numbers, numbers)
        number = self.allocator.take(f"interfaces/{node}", segment, 1, 10**6, spans)
        return f"eth{number}"


def _numbers_of(key: str, value: object, found: set[int], seen: set[int]) -> None:
    """Add the numbers under a key in records, and in records and lists that these hold."""
    if isinstance(value, Record):
        if id(value) not in seen:
            seen.add(id(value))
            if isinstance(number := value.values.get(key), int):
                found.add(number)
            _numbers_of(key, list(value.values.values()), found, seen)
    elif isinstance(value, list | tuple):
        for inner in value:
            _numbers_of(key, inner, found, seen)
