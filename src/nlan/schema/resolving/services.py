"""Services in the full form, as a node writes them: Ptn, Vhosts, Router."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from nlan.schema.resolving.drafts import CONNECTED, NodeDraft, Positions
from nlan.schema.syntax.report import Position, Report, Written
from nlan.schema.written.sections import Record
from nlan.services.ptn.model import L2Vpn, PtnNetwork, VpnHost
from nlan.services.router.model import Bgp, BgpPeer, Ospf, OspfArea, Router
from nlan.services.vhosts.model import VhostLan


def add_ptn(node: NodeDraft, mtu: int, positions: Positions, report: Report) -> None:
    """Add the packet transport networks that the node says in full."""
    names: set[str] = set()
    for name, record in node.written.get("ptn", []):
        if name.value in names:
            report.error(name.at, f"two networks of {node.name} are called `{name.value}`")
        names.add(name.value)
        positions.put(name.at, "node", node.name, "ptn", name.value)
        links: Record = record.get("links") or Record(record.at)
        local = links.get("local_ip", node.underlay.ip if node.underlay else None)
        positions.put(links.position("local_ip"), "node", node.name, "ptn", name.value, "local")
        _remotes(node, name.value, links, positions)
        vpns = [_vpn(node, written.value, mtu, positions) for written in record.get("l2vpn", [])]
        if local is None:
            report.error(record.at, "the tunnel end has no address: `LocalIp` is missing")
            continue
        vpns = [vpn for vpn in vpns if vpn]
        node.ptn.append(PtnNetwork(name=name.value, local=local, l2vpns=tuple(vpn for vpn in vpns if vpn)))


def _remotes(node: NodeDraft, name: str, links: Record, positions: Positions) -> None:
    for written in links.get("remote_ips", []):
        positions.put(written.at, "node", node.name, "ptn", name, "remote", written.value)


def _vpn(node: NodeDraft, record: Record, mtu: int, positions: Positions) -> L2Vpn | None:
    vni = record.get("vni")
    if vni is None:
        return None
    key = ("node", node.name, "vni", vni)
    positions.put(record.at, *key)
    positions.put(record.position("vni"), *key, "id")
    positions.put(record.position("mtu"), *key, "mtu")
    for index, written in enumerate(record.get("peers", [])):
        positions.put(written.at, *key, "peer", index)
    for written in record.get("ip", []):
        positions.put(written.at, "node", node.name, "address", written.value)
    return L2Vpn(
        vni=vni,
        vid=record.get("vid"),
        peers=values(record.get("peers")),
        addresses=values(record.get("ip")),
        mtu=record.get("mtu", mtu),
        hosts=tuple(_vpn_hosts(node, record, positions)),
    )


def _vpn_hosts(node: NodeDraft, record: Record, positions: Positions) -> Iterator[VpnHost]:
    """Yield the hosts of an L2VPN; their gateway is the node, where it is on their prefix."""
    for written in record.get("hosts", []):
        positions.put(written.at, "node", node.name, "host", written.value)
        own = [value.ip for value in values(record.get("ip")) if value.network == written.value.network]
        yield VpnHost(addresses=(written.value,), gateways=tuple(own[:1]))


def values(written: list[Written[Any]] | None) -> tuple[Any, ...]:
    """Return the bare values of a list that was read."""
    return tuple(item.value for item in written or ())


def add_vhosts(node: NodeDraft, mtu: int, positions: Positions, report: Report) -> None:
    """Add the host LANs of the node's service `Vhosts`; each says its gateway address."""
    record = node.written.get("vhosts")
    for written in record.get("vhost_props", []) if record else []:
        gateways = written_gateways(written.value, report)
        if not gateways:
            if "network" not in written.value.positions:
                report.error(written.value.at, "`Network` is required: the LAN's gateway address")
            continue
        hosts = written.value.get("vhosts", 1)
        octets = written.value.get("mtu", node.written.get("mtu", mtu))
        lan = host_lan(gateways, hosts, octets, written.value.position("vhosts"), report)
        add_lan(node, lan, written.value.position("network"), positions)


def written_gateways(record: Record, report: Report) -> list[Any]:
    """Return the node's own addresses that a host LAN says, IPv4 first; none after recording why."""
    written = record.get("network")
    if not isinstance(written, list):
        return [] if written is None else [written]
    by_version: dict[int, Any] = {}
    for item in written:
        if by_version.setdefault(item.value.version, item.value) is not item.value:
            report.error(
                item.at, f"a host LAN has one IPv{item.value.version} address; {item.value} is another"
            )
    if not written:
        report.error(record.position("network"), "the list is empty; expected the LAN's gateway address")
    return [by_version[version] for version in sorted(by_version)]


def add_lan(node: NodeDraft, lan: VhostLan, at: Position, positions: Positions) -> None:
    """Add a host LAN and remember where it is written."""
    node.vhosts.append(lan)
    positions.put(at, "node", node.name, "vhosts", lan.gateway)
    for gateway in lan.gateways:
        positions.put(at, "node", node.name, "address", gateway)


def host_lan(gateways: Sequence[Any], hosts: int, mtu: int, at: Position, report: Report) -> VhostLan:
    """Return the LAN of `gateways`, one a family, with the next `hosts` addresses of each.

    A prefix that is too small is reported, and all families get as many as fit.
    """
    hosts = min(hosts, *(_room(gateway, hosts, at, report) for gateway in gateways))
    first, second = (*gateways, None)[:2]
    return VhostLan(
        gateway=first,
        hosts=_next(first, hosts),
        gateway6=second,
        hosts6=None if second is None else _next(second, hosts),
        mtu=mtu,
    )


def _room(gateway: Any, hosts: int, at: Position, report: Report) -> int:
    """Return how many addresses follow the gateway's; it is reported where they are fewer than `hosts`."""
    network = gateway.network
    top = int(network.broadcast_address) - (1 if network.version == 4 and network.prefixlen < 31 else 0)
    room = max(top - int(gateway.ip), 0)
    if hosts > room:
        report.error(
            at, f"{hosts} hosts do not fit after {gateway.ip} in {network}, which has room for {room}"
        )
    return room


def _next(gateway: Any, hosts: int) -> tuple[Any, ...]:
    interface, first, length = type(gateway), int(gateway.ip) + 1, gateway.network.prefixlen
    return tuple(interface((first + index, length)) for index in range(hosts))


def written_router(node: NodeDraft, positions: Positions, report: Report) -> Router | None:
    """Return what the node's service `Router` says, or None where it has none."""
    record: Record | None = node.written.get("router")
    if record is None:
        return None
    loopbacks = record.get("loopback", [])
    for written in loopbacks:
        positions.put(written.at, "node", node.name, "address", written.value)
    positions.put(record.position("router_id"), "node", node.name, "router_id")
    positions.put(record.position("embedded_bgp"), "node", node.name, "engine")
    return Router(
        loopbacks=values(loopbacks),
        router_id=record.get("router_id"),
        engine="gobgp" if record.get("embedded_bgp") else "frr",
        ospf=_written_ospf(node, record, positions, report),
        bgp=_written_bgp(node, record, positions, report),
    )


def _written_ospf(node: NodeDraft, record: Record, positions: Positions, report: Report) -> Ospf | None:
    if "ospf" not in record:
        return None
    positions.put(record.position("ospf"), "node", node.name, "ospf")
    areas: dict[Any, list[Any]] = {}
    first: dict[Any, Any] = {}
    for written in record.get("ospf"):
        area = written.value.get("area")
        for network in written.value.get("networks", []):
            if (other := first.setdefault(network.value, area)) != area:
                report.error(network.at, f"{network.value} is in area {other} already; a prefix is in one")
                continue
            positions.put(network.at, "node", node.name, "ospf", network.value)
            areas.setdefault(area, []).append(network.value)
    return Ospf(
        areas=tuple(
            OspfArea(area=area, networks=tuple(dict.fromkeys(networks)))
            for area, networks in areas.items()
            if area is not None
        ),
        redistribute=CONNECTED,
    )


def _written_bgp(node: NodeDraft, record: Record, positions: Positions, report: Report) -> Bgp | None:
    entries = list(_by_as(record.get("bgp", []), report))
    if len(entries) > 1:
        others = ", ".join(str(asn.value) for asn, _ in entries)
        report.error(entries[1][0].at, f"a node has one AS; this one has {len(entries)} ({others})")
    if not entries:
        return None
    asn, written = entries[0]
    positions.put(asn.at, "node", node.name, "bgp")
    neighbors = written.get("neighbors", [])
    check_once(neighbors, report)
    peers = [peer for item in neighbors if (peer := written_peer(node, item, positions, report))]
    announced = announcements(node, written, positions)
    return Bgp(asn=asn.value, peers=tuple(peers), **{"redistribute": CONNECTED, **announced})


def announcements(node: NodeDraft, record: Record, positions: Positions) -> dict[str, Any]:
    """Return what a record says of a router's BGP besides its peers, and remember where."""
    key = ("node", node.name, "bgp")
    found: dict[str, Any] = {}
    for name in ("networks", "redistribute"):
        if name in record:
            found[name] = values(record.get(name))
            for written in record.get(name):
                positions.put(written.at, *key, name, written.value)
    if "maximum_paths" in record:
        found["maximum_paths"] = record.get("maximum_paths")
        positions.put(record.position("maximum_paths"), *key, "maximum_paths")
    return found


def _by_as(written: list[Any], report: Report) -> Any:
    for entry in written:
        if isinstance(entry, tuple) and not isinstance(entry, Written):
            yield entry
        elif "as" in entry.value:
            yield Written(entry.value.get("as"), entry.value.position("as")), entry.value
        elif "as" not in entry.value.positions:
            report.error(entry.value.at, "`As` is required: the AS number")


def check_once(peers: list[Written[Any]], report: Report) -> None:
    """Record peers of a list that are defined twice, or that say both an address and a node."""
    first: dict[Any, Position] = {}
    for written in peers:
        record: Record = written.value
        if "peer" in record.positions and "node" in record.positions:
            report.error(record.position("node"), "one of `node` and `peer` is required, not both")
        who = record.get("peer", record.get("node"))
        at = record.position("peer" if "peer" in record else "node")
        if who is not None and (other := first.setdefault(who, at)) is not at:
            line = report.source_line(other.line)
            report.error(at, f"the peer {who} is defined twice; the first is in line {line}")


def written_peer(
    node: NodeDraft, written: Written[Any], positions: Positions, report: Report
) -> BgpPeer | None:
    """Return the peer of a record that gives its address, or None; one that gives nothing is reported."""
    record: Record = written.value
    address = record.get("peer")
    if address is None:
        if not {"peer", "node"} & record.positions.keys():
            report.error(record.at, "`Peer` is required: the peer's address")
        return None
    key = ("node", node.name, "bgp", "peer", address)
    positions.put(record.position("peer"), *key)
    positions.put(record.position("remote_as"), *key, "asn")
    positions.put(record.position("keepalive_s"), *key, "keepalive_s")
    if record.get("external"):
        positions.put(record.at, *key, "external")
    return BgpPeer(address=address, peer_asn=record.get("remote_as", 0), **peer_options(record, address))


_OPTIONS = (
    "next_hop_self",
    "route_reflector_client",
    "password",
    "update_source",
    "ebgp_multihop",
    "keepalive_s",
    "hold_time_s",
    "description",
)


def peer_options(record: Record, address: Any) -> dict[str, Any]:
    """Return the options of a session that the record says."""
    options = {name: record.get(name) for name in _OPTIONS if name in record}
    families = values(record.get("families")) or (f"ipv{address.version}",)
    return options | {"families": families}
