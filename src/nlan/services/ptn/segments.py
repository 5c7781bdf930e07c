"""L2VPNs of the short form: links and networks of `type: l2vpn`, and what other segments say in vain."""

from __future__ import annotations

from collections.abc import Sequence

from nlan.interfaces import l2vpn_name
from nlan.schema.resolving.allocate import Spans
from nlan.schema.resolving.drafts import End, Segment
from nlan.schema.resolving.numbering import lift, nth, number_of
from nlan.schema.resolving.segments import Member, Wiring
from nlan.schema.syntax.report import Written, values
from nlan.schema.written.sections import Record
from nlan.schema.written.segments import EndKeys, SegmentKeys
from nlan.services.ptn.model import L2Vpn, PtnNetwork, VpnHost
from nlan.services.ptn.resolving import add_network
from nlan.services.ptn.written import OfEnd, OfLink, OfNetwork
from nlan.values import VNI_MAX


class Tunnels:
    """Makes an L2VPN of a link's or a network's nodes, each with the others as peers."""

    def __init__(self, wiring: Wiring) -> None:
        """Take the lab's segments; nodes have said in full what they do."""
        self._wiring, self._report, self._allocator = wiring, wiring.report, wiring.allocator
        self._vnis: list[int] | None = None

    def link(self, name: Written[str], record: Record, members: Sequence[Member]) -> None:
        """Make that of a link."""
        for interface in (member.interface for member in members if member.interface):
            self._report.error(
                name.at, f"an L2VPN's interface is called after its VNI; leave `{interface}` out"
            )
        self._tunnel(name, record, members, "links")

    def network(self, name: Written[str], record: Record, members: Sequence[Member]) -> None:
        """Make that of a network."""
        self._tunnel(name, record, members, "networks")

    def _tunnel(self, name: Written[str], record: Record, members: Sequence[Member], pool: str) -> None:
        vni = record.get(OfLink.vni) or self._allocator.take("vni", name.value, 1, VNI_MAX, self._written())
        if vni is None:
            self._report.error(name.at, "no VNI is left")
            return
        segment = self._wiring.segment(name.value, "l2vpn", record, name.at)
        for member in members:
            if EndKeys.interface in member.written:
                where = member.written.position(EndKeys.interface)
                self._report.error(
                    where, f"an L2VPN's interface is called `{l2vpn_name(vni)}`; leave `interface` out"
                )
            self._wiring.plug(segment, member.node, l2vpn_name(vni), member.written)
        self._wiring.number(segment, members, pool)
        hosts = self._hosts(segment, record)
        for end in segment.ends:
            self._join(segment, vni, end, record, hosts.get(end.node.name, ()))
        self._wiring.segments.append(segment)

    def _hosts(self, segment: Segment, record: Record) -> dict[str, list[VpnHost]]:
        """Return each node's hosts: the next addresses of the segment, whether or not the ends have any."""
        found: dict[str, list[VpnHost]] = {}
        wanted = [(end, n) for end in segment.ends for n in range(1, end.written.get(OfEnd.hosts, 0) + 1)]
        if not wanted:
            return found
        prefixes = segment.prefixes or values(record.get(SegmentKeys.prefix))
        if not prefixes:
            pool = self._wiring.settings.pools["networks"]
            piece = self._allocator.from_pool(pool, segment.name, segment.at)
            prefixes = () if piece is None else pool.networks(piece)
        small = min((prefix.num_addresses for prefix in prefixes), default=0)
        taken = sorted({number_of(value, small) for end in segment.ends for value in end.addresses})
        for end, number in wanted:
            name, where = f"{end.node.name}/{number}", end.written.position(OfEnd.hosts)
            at = self._allocator.take(f"members/{segment.name}", name, 1, small - 2, (taken, taken))
            if at is None:
                self._report.error(where, f"the hosts do not fit into {segment.name}")
                break
            addresses = tuple(nth(prefix, at + lift(prefix, small)) for prefix in prefixes)
            for value in addresses:
                self._wiring.settings.positions.put(where, "node", end.node.name, "host", value)
            host = VpnHost(addresses=addresses, gateways=segment.gateways(end, prefixes))
            found.setdefault(end.node.name, []).append(host)
        return found

    def _written(self) -> Spans:
        """Return the VNIs that the file states, which allocation leaves alone."""
        if self._vnis is None:
            self._vnis = self._wiring.stated("vni")
        return self._vnis, self._vnis

    def _join(self, segment: Segment, vni: int, end: End, record: Record, hosts: Sequence[VpnHost]) -> None:
        node, underlay = end.node, end.node.underlay
        if underlay is None:
            return
        peers = [other.node.underlay.ip for other in segment.ends if other is not end and other.node.underlay]
        vpn = L2Vpn(
            vni=vni,
            vid=record.get(OfNetwork.vid),
            peers=tuple(peers),
            addresses=tuple(end.addresses),
            mtu=segment.mtu,
            hosts=tuple(hosts),
        )
        add_network(node, PtnNetwork(name=segment.name, local=underlay.ip, l2vpns=(vpn,)))
        positions, key = self._wiring.settings.positions, ("node", node.name, "vni", vni)
        positions.put(end.at, *key)
        positions.put(record.position(OfLink.vni), *key, "id")
        self._wiring.note(end)


def refuse_elsewhere(wiring: Wiring) -> None:
    """Record what links and LANs say of tunnels, which they have none of."""
    for segment in (segment for segment in wiring.segments if segment.kind in ("link", "lan", "vxlan")):
        if OfLink.vni in segment.written and segment.kind != "vxlan":
            kind = "link" if segment.kind == "link" else "LAN"
            message, hint = f"a {kind} without a tunnel has no VNI", "say `type: l2vpn`, or leave it out"
            wiring.report.warning(segment.written.position(OfLink.vni), message, hint)
        for end in segment.ends:
            if end.written.get(OfEnd.hosts):
                message = f"`hosts` of an end are behind an L2VPN's bridge; {segment.name} is none"
                hint = "say `type: l2vpn`, or them as nodes of their own"
                wiring.report.error(end.written.position(OfEnd.hosts), message, hint)
