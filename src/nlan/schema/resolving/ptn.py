"""The service `Ptn` as a node writes it in full: its packet transport networks."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.schema.resolving.drafts import NodeDraft, Positions
from nlan.schema.syntax.report import Report, values
from nlan.schema.written.ptn import L2VpnKeys, PtnKeys, PtnLinksKeys
from nlan.schema.written.sections import Record
from nlan.schema.written.table import NodeKeys
from nlan.services.ptn.model import L2Vpn, PtnNetwork, VpnHost


def add_ptn(node: NodeDraft, mtu: int, positions: Positions, report: Report) -> None:
    """Add the packet transport networks that the node says in full."""
    names: set[str] = set()
    for name, record in node.written.get(NodeKeys.ptn, []):
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
    node.ptn.append(network)
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
