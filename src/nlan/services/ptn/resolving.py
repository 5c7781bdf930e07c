"""Packet transport networks as nodes write them in full, and what a node keeps of them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from nlan.interfaces import l2vpn_name
from nlan.schema.resolving.drafts import End, NodeDraft, Positions, Segment
from nlan.schema.resolving.names import NodeTrees
from nlan.schema.resolving.segments import Wiring
from nlan.schema.syntax.report import Report, values
from nlan.schema.syntax.tree import Map, Scalar, Seq
from nlan.schema.written.sections import Record
from nlan.services.ptn.model import L2Vpn, Ptn, PtnNetwork, VpnHost, flooded
from nlan.services.ptn.written import L2VpnKeys, OfNode, PtnKeys, PtnLinksKeys


class PtnDraft(msgspec.Struct):
    """The networks of a node while it is resolved: its own, then those of links and networks."""

    networks: list[PtnNetwork] = []


def l2vpns_of(node: NodeDraft) -> list[L2Vpn]:
    """Return all L2VPNs of a node."""
    return [vpn for network in node.of(PtnDraft).networks for vpn in network.l2vpns]


def resolve(node: NodeDraft) -> Ptn | None:
    """Return what the node holds, None where that is nothing."""
    networks = node.of(PtnDraft).networks
    return Ptn(networks=tuple(networks)) if networks else None


def declare(wiring: Wiring) -> None:
    """Add what nodes say in full, and make a segment of every L2VPN: of those who flood to each other."""
    for node in wiring.nodes.values():
        _add_written(node, wiring.settings.mtu, wiring.settings.positions, wiring.report)
    by_vni: dict[int, list[tuple[NodeDraft, L2Vpn]]] = {}
    for node in wiring.nodes.values():
        for vpn in l2vpns_of(node):
            by_vni.setdefault(vpn.vni, []).append((node, vpn))
    for vni, members in by_vni.items():
        for group in flooded(members):
            _segment(vni, group, wiring)


def _segment(vni: int, group: list[tuple[NodeDraft, L2Vpn]], wiring: Wiring) -> None:
    node, vpn = group[0]
    at = wiring.settings.positions.find("node", node.name, "vni", vni)
    segment = Segment(name=f"vni{vni}", kind="l2vpn", at=at, written=Record(at), mtu=vpn.mtu)
    for node, vpn in group:
        where = wiring.settings.positions.find("node", node.name, "vni", vni)
        end = End(node, l2vpn_name(vni), where, Record(where), addresses=list(vpn.addresses))
        segment.ends.append(end)
        node.ends.append((segment, end))
    wiring.segments.append(segment)


def _add_written(node: NodeDraft, mtu: int, positions: Positions, report: Report) -> None:
    """Add the packet transport networks that the node says in full."""
    names: set[str] = set()
    for name, record in node.written.get(OfNode.ptn, []):
        if name.value in names:
            report.error(name.at, f"two networks of {node.name} are called `{name.value}`")
        names.add(name.value)
        positions.put(name.at, "node", node.name, "ptn", name.value)
        links = record.get(PtnKeys.links) or Record(record.at)
        local = links.get(PtnLinksKeys.local_ip, node.underlay.ip if node.underlay else None)
        positions.put(links.position(PtnLinksKeys.local_ip), "node", node.name, "ptn", name.value, "local")
        _remotes(node, name.value, links, positions)
        vpns = [_vpn(node, item.value, mtu, positions) for item in record.get(PtnKeys.l2vpn, [])]
        if local is None:
            report.error(record.at, "the tunnel end has no address: `LocalIp` is missing")
            continue
        add_network(node, PtnNetwork(name=name.value, local=local, l2vpns=tuple(vpn for vpn in vpns if vpn)))


def add_network(node: NodeDraft, network: PtnNetwork) -> None:
    """Add a network to a node, which is on the underlay then."""
    node.of(PtnDraft).networks.append(network)
    node.attached = True
    node.carries = max(node.carries, *(vpn.mtu for vpn in network.l2vpns), 0)
    node.hosts += sum(len(vpn.hosts) for vpn in network.l2vpns)


def _remotes(node: NodeDraft, name: str, links: Record, positions: Positions) -> None:
    for item in links.get(PtnLinksKeys.remote_ips, []):
        positions.put(item.at, "node", node.name, "ptn", name, "remote", item.value)


def _vpn(node: NodeDraft, record: Record, mtu: int, positions: Positions) -> L2Vpn | None:
    vni = record.get(L2VpnKeys.vni)
    if vni is None:
        return None
    key = ("node", node.name, "vni", vni)
    positions.put(record.at, *key)
    positions.put(record.position(L2VpnKeys.vni), *key, "id")
    positions.put(record.position(L2VpnKeys.mtu), *key, "mtu")
    for index, item in enumerate(record.get(L2VpnKeys.peers, [])):
        positions.put(item.at, *key, "peer", index)
    for address in record.get(L2VpnKeys.ip, []):
        positions.put(address.at, "node", node.name, "address", address.value)
    return L2Vpn(
        vni=vni,
        vid=record.get(L2VpnKeys.vid),
        peers=values(record.get(L2VpnKeys.peers)),
        addresses=values(record.get(L2VpnKeys.ip)),
        mtu=record.get(L2VpnKeys.mtu, mtu),
        hosts=tuple(_vpn_hosts(node, record, positions)),
    )


def _vpn_hosts(node: NodeDraft, record: Record, positions: Positions) -> Iterator[VpnHost]:
    """Yield the hosts of an L2VPN; their gateway is the node, where it is on their prefix."""
    for item in record.get(L2VpnKeys.hosts, []):
        positions.put(item.at, "node", node.name, "host", item.value)
        own = [value.ip for value in values(record.get(L2VpnKeys.ip)) if value.network == item.value.network]
        yield VpnHost(addresses=(item.value,), gateways=tuple(own[:1]))


# -- before anything is read


def asks_for_tunnels(tree: Map, nodes: NodeTrees) -> bool:
    """Tell whether the short form asks for an L2VPN: networks, links over VXLAN, or a node's `ptn`."""
    speakers = [tree.find("defaults", "Defaults"), *(value for trees in nodes.values() for _, value in trees)]
    if any(isinstance(value, Map) and value.find("ptn", "Ptn") for value in speakers):
        return True
    links = tree.find("links", "Links")
    items = links.items if isinstance(links, Seq) else (links,)
    networks = tree.find("networks", "Networks")
    inner = [value for _, value in networks.entries] if isinstance(networks, Map) else [networks]
    return any(isinstance(item, Map) and _type(item, "veth") == "l2vpn" for item in items) or any(
        _type(item, "l2vpn") == "l2vpn" for item in inner if isinstance(item, Map)
    )


def _type(tree: Map, default: str) -> str:
    written = tree.find("type", "Type")
    return written.text.lower() if isinstance(written, Scalar) else default
