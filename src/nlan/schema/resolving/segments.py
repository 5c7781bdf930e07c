"""Links and networks of the short form, and the L2VPNs that nodes say in full, as segments with ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import combinations, islice, pairwise

from nlan.interfaces import l2vpn_name
from nlan.model import Endpoint, Interface, Lan, Link
from nlan.schema.resolving.allocate import Spans
from nlan.schema.resolving.drafts import End, NodeDraft, Segment, vpns_of
from nlan.schema.resolving.numbering import lift, nth, number_ends, number_of
from nlan.schema.resolving.ptn import add_network
from nlan.schema.resolving.settings import Settings
from nlan.schema.syntax.ranges import expand_names
from nlan.schema.syntax.report import Position, Written, nearest, values
from nlan.schema.written.common import IFNAME, Addresses
from nlan.schema.written.sections import AnyKey, Record
from nlan.schema.written.segments import EndKeys, LinkKeys, NetworkKeys, SegmentKeys
from nlan.schema.written.table import ShortKeys
from nlan.services.ptn.model import L2Vpn, PtnNetwork, VpnHost, flooded
from nlan.values import LINKS_MAX, VNI_MAX

Nodes = dict[str, NodeDraft]
Pair = tuple[str, str]
_WAYS: tuple[AnyKey, ...]
_WAYS = LinkKeys.nodes, LinkKeys.link, LinkKeys.line, LinkKeys.ring, LinkKeys.mesh
"""How a link says who is linked."""


class Wiring:
    """Makes the segments of a lab, in file order, and hangs the nodes on them."""

    def __init__(self, settings: Settings, nodes: Nodes) -> None:
        """Take the settings and the nodes; the nodes' interfaces are added to."""
        self.settings, self.nodes = settings, nodes
        self.report, self.allocator = settings.report, settings.allocator
        self.segments: list[Segment] = []
        self.links: list[Link] = []
        self.lans: list[Lan] = []
        self._names: dict[str, int] = {}
        self._interfaces: dict[str, set[str]] = {}
        self._spans: dict[str, Spans] = {}
        self._vnis: list[int] | None = None

    def set_aside(self, networks: Sequence[tuple[Written[str], Record]]) -> None:
        """Keep allocations by name off the networks' own names and the interfaces that they state."""
        for name, record in networks:
            self._names[name.value] = 1
            if record.get(NetworkKeys.type) == "lan":
                for node, written in zip(*self._members(record), strict=True):
                    if (interface := written.get(EndKeys.interface)) is not None:
                        self._interfaces.setdefault(node.name, set()).add(interface)

    # -- links

    def add_links(self, written: Sequence[Written[str | Record]]) -> None:
        """Make a segment of every link; explicit interface names are set aside first."""
        pairs = ((pair, record, item.at) for item in written for pair, record in self._pairs(item))
        wanted = list(islice(pairs, LINKS_MAX + 1))
        if len(wanted) > LINKS_MAX:
            self.report.error(wanted[-1][2], f"the lab has more than {LINKS_MAX} links")
            return
        for pair, record, _ in wanted:
            self._set_aside(pair, record)
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
            self.report.error(
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
                    self.report.error(key.at, f"`{key.value}` is no end of this link", hint)

    def _shaped(self, way: AnyKey, record: Record) -> Iterable[Pair]:
        at = record.position(way)
        if way is LinkKeys.link:
            return self._chain(record.get(LinkKeys.link, ""), at)
        names = [name for item in record.get(way, []) for name in self._ends(item.value, item.at)]
        if way is LinkKeys.nodes and len(names) != 2:
            self.report.error(at, f"a link has two ends; here are {len(names)}")
            return []
        if way is LinkKeys.mesh:
            return combinations(names, 2)
        pairs = list(pairwise(names))
        return [*pairs, (names[-1], names[0])] if way is LinkKeys.ring and len(names) > 2 else pairs

    def _chain(self, text: str, at: Position) -> Iterable[Pair]:
        parts = [part.strip() for part in re.split(r"(?<=\s)--(?=\s)", text.strip())]
        if len(parts) < 2:
            self.report.error(at, f"`{text}` is no link; `a -- b` is wanted, with blanks around the dashes")
            return
        ends = [self._ends(part, at) for part in parts]
        for left, right in pairwise(ends):
            yield from ((a, b) for a in left for b in right)

    def known(self, text: str, at: Position) -> list[str]:
        """Return the nodes of ``pe1``, ``pe[1-4]`` or ``pe1, pe2``; unknown ones are reported."""
        names = expand_names(text, at, self.report)
        for name in names:
            if name not in self.nodes and name not in self.settings.misnamed:
                self.report.error(at, f"no node is called `{name}`", nearest(name, self.nodes))
        return [name for name in names if name in self.nodes]

    def _ends(self, text: str, at: Position) -> list[str]:
        """Return the ends of ``pe1``, ``pe[1-4]`` or ``pe1:eth5``, each with its interface."""
        name, colon, interface = text.partition(":")
        suffix = colon + self._interface_name(interface.strip(), at)
        return [node + suffix for node in self.known(name, at)]

    def _interface_name(self, name: str, at: Position) -> str:
        try:
            return str(IFNAME.parse(name, True)) if name else ""
        except ValueError as error:
            self.report.error(at, str(error))
            return ""

    def _set_aside(self, pair: Pair, record: Record) -> None:
        for end in pair:
            node, _, interface = end.partition(":")
            options = self._end_options(record, node)
            name = interface or (options.get(EndKeys.interface) if options else None)
            if name:
                self._interfaces.setdefault(node, set()).add(name)

    def _end_options(self, record: Record, node: str) -> Record | None:
        for key, value in record.get(LinkKeys.ends, []):
            if key.value == node:
                return _as_record(value, key.at)
        return None

    def _link(self, pair: Pair, record: Record, at: Position) -> None:
        (a, _, a_if), (b, _, b_if) = (end.partition(":") for end in pair)
        if a == b:
            self.report.error(at, f"`{a}` is linked to itself")
            return
        name = self._unique(f"{a}--{b}")
        options = [self._end_options(record, node) or Record(at) for node in (a, b)]
        if record.get(LinkKeys.type) == "l2vpn":
            for interface in filter(None, (a_if, b_if)):
                self.report.error(
                    at, f"an L2VPN's interface is called after its VNI; leave `{interface}` out"
                )
            self._tunnel(Written(name, at), record, [self.nodes[a], self.nodes[b]], options, "links")
            return
        self._no_tunnel(record, "link")
        segment = self._segment(name, "link", record, at)
        for node, interface, written in zip((a, b), (a_if, b_if), options, strict=True):
            self._hang(segment, self.nodes[node], interface or written.get(EndKeys.interface, ""), written)
        number_ends(self.settings, segment, record, "links", options)
        self._finish(segment)
        ends = [Endpoint(node=end.node.name, interface=end.interface) for end in segment.ends]
        self.links.append(Link(name=name, a=ends[0], b=ends[1], mtu=segment.mtu))
        self.settings.positions.put(at, "link", name)

    def _no_tunnel(self, record: Record, kind: str) -> None:
        if LinkKeys.vni in record:
            message = f"a {kind} without a tunnel has no VNI"
            self.report.warning(record.position(LinkKeys.vni), message, "say `type: l2vpn`, or leave it out")

    def _unique(self, name: str) -> str:
        count = self._names[name] = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}.{count}"

    # -- networks

    def add_networks(self, written: Sequence[tuple[Written[str], Record]]) -> None:
        """Make a segment of every network: a LAN, or an L2VPN on each of its nodes."""
        for name, record in written:
            self.settings.positions.put(name.at, "lan", name.value)
            if record.get(NetworkKeys.type, "l2vpn") == "lan":
                self._lan(name, record)
            else:
                self._tunnel(name, record, *self._members(record), "networks")

    def _members(self, record: Record) -> tuple[list[NodeDraft], list[Record]]:
        """Return the members with what is written of each; in a mapping a name may say more than a range."""
        members: dict[str, Record] = {}
        entry: Written[str] | tuple[Written[str], Addresses | Record]
        for entry in record.get(NetworkKeys.nodes, []):
            key, value = (entry, None) if isinstance(entry, Written) else entry
            for node in self.known(key.value, key.at):
                options = _as_record(value, key.at)
                if node in members and value is None and isinstance(entry, Written):
                    first = self.report.source_line(members[node].at.line)
                    message = f"`{node}` is defined twice among the nodes; the first is in line {first}"
                    self.report.error(key.at, message, "another network gives it a second interface")
                members[node] = options.over(members[node]) if node in members else options
        return [self.nodes[node] for node in members], list(members.values())

    def _lan(self, name: Written[str], record: Record) -> None:
        self._no_tunnel(record, "LAN")
        segment = self._segment(name.value, "lan", record, name.at)
        nodes, options = self._members(record)
        for node, written in zip(nodes, options, strict=True):
            self._hang(segment, node, written.get(EndKeys.interface, ""), written)
        number_ends(self.settings, segment, record, "networks", options)
        self._finish(segment)
        ports = tuple(Endpoint(node=end.node.name, interface=end.interface) for end in segment.ends)
        self.lans.append(Lan(name=name.value, ports=ports, mtu=segment.mtu))

    def _tunnel(
        self, name: Written[str], record: Record, nodes: list[NodeDraft], options: list[Record], pool: str
    ) -> None:
        """Make an L2VPN of the nodes, each with the others as peers."""
        vni = record.get(LinkKeys.vni) or self.allocator.take(
            "vni", name.value, 1, VNI_MAX, self._written_vnis()
        )
        if vni is None:
            self.report.error(name.at, "no VNI is left")
            return
        segment = self._segment(name.value, "l2vpn", record, name.at)
        segment.vni = vni
        for node, written in zip(nodes, options, strict=True):
            if EndKeys.interface in written:
                where = written.position(EndKeys.interface)
                self.report.error(
                    where, f"an L2VPN's interface is called `{l2vpn_name(vni)}`; leave `interface` out"
                )
            self._end(segment, node, l2vpn_name(vni), written)
        number_ends(self.settings, segment, record, pool, options)
        self._add_hosts(segment, record, options)
        for end in segment.ends:
            self._join(segment, end, record)
        self.segments.append(segment)

    def _add_hosts(self, segment: Segment, record: Record, options: list[Record]) -> None:
        """Give each end its hosts: the next addresses of the segment, whether or not the ends have any."""
        ends = zip(segment.ends, options, strict=True)
        wanted = [
            (end, written, n) for end, written in ends for n in range(1, written.get(EndKeys.hosts, 0) + 1)
        ]
        if not wanted:
            return
        prefixes = segment.prefixes or values(record.get(SegmentKeys.prefix))
        if not prefixes:
            piece = self.allocator.from_pool(self.settings.pools["networks"], segment.name, segment.at)
            prefixes = () if piece is None else self.settings.pools["networks"].networks(piece)
        small = min((prefix.num_addresses for prefix in prefixes), default=0)
        taken = sorted({number_of(value, small) for end in segment.ends for value in end.addresses})
        for end, written, number in wanted:
            name = f"{end.node.name}/{number}"
            at = self.allocator.take(f"members/{segment.name}", name, 1, small - 2, (taken, taken))
            if at is None:
                self.report.error(
                    written.position(EndKeys.hosts), f"the hosts do not fit into {segment.name}"
                )
                return
            addresses = tuple(nth(prefix, at + lift(prefix, small)) for prefix in prefixes)
            for value in addresses:
                self.settings.positions.put(
                    written.position(EndKeys.hosts), "node", end.node.name, "host", value
                )
            end.hosts.append(VpnHost(addresses=addresses, gateways=segment.gateways(end, prefixes)))

    def _written_vnis(self) -> Spans:
        """Return the VNIs that the file states, which allocation leaves alone."""
        if self._vnis is None:
            written = self.settings.written
            records = [record for _, record in written.get(ShortKeys.networks, [])]
            links = written.get(ShortKeys.links, [])
            records += [item.value for item in links if isinstance(item.value, Record)]
            stated = {vni for record in records if (vni := record.get(LinkKeys.vni)) is not None}
            stated |= {vpn.vni for node in self.nodes.values() for vpn in vpns_of(node)}
            self._vnis = sorted(stated)
        return self._vnis, self._vnis

    def _join(self, segment: Segment, end: End, record: Record) -> None:
        node, underlay = end.node, end.node.underlay
        if underlay is None:
            return
        peers = [other.node.underlay.ip for other in segment.ends if other is not end and other.node.underlay]
        vpn = L2Vpn(
            vni=segment.vni,
            vid=record.get(NetworkKeys.vid),
            peers=tuple(peers),
            addresses=tuple(end.addresses),
            mtu=segment.mtu,
            hosts=tuple(end.hosts),
        )
        add_network(node, PtnNetwork(name=segment.name, local=underlay.ip, l2vpns=(vpn,)))
        positions, key = self.settings.positions, ("node", node.name, "vni", segment.vni)
        positions.put(end.at, *key)
        positions.put(record.position(LinkKeys.vni), *key, "id")
        self._remember(end)

    # -- what links and networks share

    def _segment(self, name: str, kind: str, record: Record, at: Position) -> Segment:
        return Segment(
            name=name,
            kind=kind,
            at=at,
            written=record,
            mtu=record.get(SegmentKeys.mtu, self.settings.mtu),
            prefixes=values(record.get(SegmentKeys.prefix)),
            ospf=record.get(SegmentKeys.ospf),
            bgp=record.get(SegmentKeys.bgp, True),
            cost=record.get(SegmentKeys.cost),
        )

    def _hang(self, segment: Segment, node: NodeDraft, interface: str, written: Record) -> None:
        if written.get(EndKeys.hosts):
            message = f"`hosts` of an end are behind an L2VPN's bridge; {segment.name} is none"
            self.report.error(
                written.position(EndKeys.hosts), message, "say `type: l2vpn`, or them as nodes of their own"
            )
        name = interface or self._allocate_interface(node.name, segment.name)
        self._end(segment, node, name, written)

    def _end(self, segment: Segment, node: NodeDraft, interface: str, written: Record) -> None:
        end = End(
            node,
            interface,
            written.at,
            written,
            addresses=list(values(written.get(EndKeys.address))),
            cost=written.get(EndKeys.cost, segment.cost),
            passive=written.get(EndKeys.passive, False),
        )
        segment.ends.append(end)
        node.ends.append((segment, end))

    def _allocate_interface(self, node: str, segment: str) -> str:
        spans = self._spans.get(node)
        if spans is None:
            names = self._interfaces.get(node, set())
            numbers = sorted(int(name[3:]) for name in names if re.fullmatch(r"eth[0-9]{1,9}", name))
            spans = self._spans[node] = (numbers, numbers)
        number = self.allocator.take(f"interfaces/{node}", segment, 1, 10**6, spans)
        return f"eth{number}"

    def _finish(self, segment: Segment) -> None:
        for end in segment.ends:
            interface = Interface(name=end.interface, addresses=tuple(end.addresses), mtu=segment.mtu)
            end.node.interfaces.append(interface)
            self.settings.positions.put(end.at, "node", end.node.name, "interface", end.interface)
            self._remember(end)
        self.segments.append(segment)

    def _remember(self, end: End) -> None:
        positions = self.settings.positions
        for value in end.addresses:
            positions.put(end.at, "node", end.node.name, "address", value)

    # -- L2VPNs of the full form

    def add_written_vpns(self) -> None:
        """Make a segment of every L2VPN that nodes say in full: those who flood to each other."""
        by_vni: dict[int, list[tuple[NodeDraft, L2Vpn]]] = {}
        for node in self.nodes.values():
            for vpn in vpns_of(node):
                by_vni.setdefault(vpn.vni, []).append((node, vpn))
        for vni, members in by_vni.items():
            for group in flooded(members):
                self._written_vpn(vni, group)

    def _written_vpn(self, vni: int, group: list[tuple[NodeDraft, L2Vpn]]) -> None:
        node, vpn = group[0]
        at = self.settings.positions.find("node", node.name, "vni", vni)
        segment = Segment(name=f"vni{vni}", kind="l2vpn", at=at, written=Record(at), mtu=vpn.mtu, vni=vni)
        for node, vpn in group:
            where = self.settings.positions.find("node", node.name, "vni", vni)
            end = End(node, l2vpn_name(vni), where, Record(where), addresses=list(vpn.addresses))
            segment.ends.append(end)
            node.ends.append((segment, end))
        self.segments.append(segment)


def _as_record(value: Addresses | Record | None, at: Position) -> Record:
    """Return an end's options: a record as it is, a list of addresses as its `address`."""
    if isinstance(value, Record):
        return value
    record = Record(at)
    if value:
        record.put(EndKeys.address, value, at)
    return record
