"""Links and networks of the file, as segments with ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import combinations, islice, pairwise

from nlan.model import Lan, Link
from nlan.schema.resolving.segments import Member, Wiring
from nlan.schema.syntax.report import Position, Written, nearest
from nlan.schema.written.common import IFNAME, Addresses
from nlan.schema.written.sections import AnyKey, Record
from nlan.schema.written.segments import EndKeys, as_record
from nlan.services.links.written import LinkKeys, NetworkKeys, OfLab
from nlan.values import LINKS_MAX

Pair = tuple[str, str]
_WAYS: tuple[AnyKey, ...]
_WAYS = LinkKeys.nodes, LinkKeys.link, LinkKeys.line, LinkKeys.ring, LinkKeys.mesh
"""How a link says who is linked."""


def connect(wiring: Wiring) -> None:
    """Make a segment of every link and every network, in file order."""
    written = wiring.settings.written
    networks, links = _Networks(wiring), _Links(wiring)
    networks.reserve(written.get(OfLab.networks, []))
    links.taken = {name.value: 1 for name, _ in written.get(OfLab.networks, [])}
    links.add(written.get(OfLab.links, []))
    networks.add(written.get(OfLab.networks, []))


class _Links:
    """Makes a segment of every link; explicit interface names are reserved first."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring, self._report = wiring, wiring.report
        self.taken: dict[str, int] = {}

    def add(self, written: Sequence[Written[str | Record]]) -> None:
        pairs = ((pair, record, item.at) for item in written for pair, record in self._pairs(item))
        wanted = list(islice(pairs, LINKS_MAX + 1))
        if len(wanted) > LINKS_MAX:
            self._report.error(wanted[-1][2], f"the lab has more than {LINKS_MAX} links")
            return
        for pair, record, _ in wanted:
            self._reserve(pair, record)
        for pair, record, at in wanted:
            self._link(pair, record, at)

    def _pairs(self, item: Written[str | Record]) -> Iterable[tuple[Pair, Record]]:
        record = item.value if isinstance(item.value, Record) else Record(item.at)
        if not isinstance(item.value, Record):
            yield from ((pair, record) for pair in self._chain(item.value, item.at))
            return
        ways = [key for key in _WAYS if record.has(key)]
        if len(ways) != 1:
            found = "none" if not ways else f"{len(ways)}"
            self._report.error(
                item.at, f"one of `nodes`, `link`, `line`, `ring` and `mesh` is required; here are {found}"
            )
        elif ways[0] in record:
            ends: set[str] = set()
            for pair in self._shaped(ways[0], record):
                ends |= {end.partition(":")[0] for end in pair}
                yield pair, record
            for key, _ in record.get(LinkKeys.ends, []) if ends else []:
                if key.value not in ends:
                    hint = nearest(key.value, sorted(ends))
                    self._report.error(key.at, f"`{key.value}` is no end of this link", hint)

    def _shaped(self, way: AnyKey, record: Record) -> Iterable[Pair]:
        at = record.position(way)
        if way is LinkKeys.link:
            return self._chain(record.get(LinkKeys.link, ""), at)
        names = [name for item in record.get(way, []) for name in self._ends(item.value, item.at)]
        if way is LinkKeys.nodes and len(names) != 2:
            self._report.error(at, f"a link has two ends; here are {len(names)}")
            return []
        if way is LinkKeys.mesh:
            return combinations(names, 2)
        pairs = list(pairwise(names))
        return [*pairs, (names[-1], names[0])] if way is LinkKeys.ring and len(names) > 2 else pairs

    def _chain(self, text: str, at: Position) -> Iterable[Pair]:
        parts = [part.strip() for part in re.split(r"(?<=\s)--(?=\s)", text.strip())]
        if len(parts) < 2:
            self._report.error(at, f"`{text}` is no link; `a -- b` is wanted, with blanks around the dashes")
            return
        ends = [self._ends(part, at) for part in parts]
        for left, right in pairwise(ends):
            yield from ((a, b) for a in left for b in right)

    def _ends(self, text: str, at: Position) -> list[str]:
        """Return the ends of ``pe1``, ``pe[1-4]`` or ``pe1:eth5``, each with its interface."""
        name, colon, interface = text.partition(":")
        suffix = colon + self._interface_name(interface.strip(), at)
        return [node + suffix for node in self._wiring.known(name, at)]

    def _interface_name(self, name: str, at: Position) -> str:
        try:
            return str(IFNAME.parse(name, True)) if name else ""
        except ValueError as error:
            self._report.error(at, str(error))
            return ""

    def _reserve(self, pair: Pair, record: Record) -> None:
        for end in pair:
            node, _, interface = end.partition(":")
            options = self._end_options(record, node)
            name = interface or (options.get(EndKeys.interface) if options else None)
            if name:
                self._wiring.reserve(node, name)

    def _end_options(self, record: Record, node: str) -> Record | None:
        for key, value in record.get(LinkKeys.ends, []):
            if key.value == node:
                return as_record(value, key.at)
        return None

    def _link(self, pair: Pair, record: Record, at: Position) -> None:
        (a, _, a_if), (b, _, b_if) = (end.partition(":") for end in pair)
        if a == b:
            self._report.error(at, f"`{a}` is linked to itself")
            return
        name = self._unique(f"{a}--{b}")
        members = [
            Member(self._wiring.nodes[node], self._end_options(record, node) or Record(at), interface)
            for node, interface in ((a, a_if), (b, b_if))
        ]
        if (kind := record.get(LinkKeys.type, "veth")) != "veth":
            self._wiring.makers[kind].link(Written(name, at), record, members)
            return
        segment = self._wiring.segment(name, "link", record, at)
        one, other = self._wiring.join(segment, members, "links")
        self._wiring.links.append(Link(name=name, a=one, b=other, mtu=segment.mtu))
        self._wiring.settings.positions.put(at, "link", name)

    def _unique(self, name: str) -> str:
        count = self.taken[name] = self.taken.get(name, 0) + 1
        return name if count == 1 else f"{name}.{count}"


class _Networks:
    """Makes a segment of every network: a LAN, or what makes those of its type."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring, self._report = wiring, wiring.report

    def reserve(self, networks: Sequence[tuple[Written[str], Record]]) -> None:
        """Keep the allocation of interfaces off those that LANs state."""
        for _, record in networks:
            if record.get(NetworkKeys.type) == "lan":
                for member in self._members(record):
                    if (interface := member.written.get(EndKeys.interface)) is not None:
                        self._wiring.reserve(member.node.name, interface)

    def add(self, written: Sequence[tuple[Written[str], Record]]) -> None:
        """Make the segments."""
        for name, record in written:
            self._wiring.settings.positions.put(name.at, "lan", name.value)
            kind, members = record.get(NetworkKeys.type, "l2vpn"), self._members(record)
            if kind == "lan":
                segment = self._wiring.segment(name.value, "lan", record, name.at)
                ports = self._wiring.join(segment, members, "networks")
                self._wiring.lans.append(Lan(name=name.value, ports=ports, mtu=segment.mtu))
            else:
                self._wiring.makers[kind].network(name, record, members)

    def _members(self, record: Record) -> list[Member]:
        """Return the members with what is written of each; in a mapping a name may say more than a range."""
        members: dict[str, Record] = {}
        entry: Written[str] | tuple[Written[str], Addresses | Record]
        for entry in record.get(NetworkKeys.nodes, []):
            key, value = (entry, None) if isinstance(entry, Written) else entry
            for node in self._wiring.known(key.value, key.at):
                options = as_record(value, key.at)
                if node in members and value is None and isinstance(entry, Written):
                    first = self._report.source_line(members[node].at.line)
                    message = f"`{node}` is defined twice among the nodes; the first is in line {first}"
                    self._report.error(key.at, message, "another network gives it a second interface")
                members[node] = options.over(members[node]) if node in members else options
        return [Member(self._wiring.nodes[node], written) for node, written in members.items()]
