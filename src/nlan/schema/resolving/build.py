"""From what was read to the resolved lab: nodes, services, segments, routing, in that order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from nlan.model import Lab, Node, ServiceModel, Underlay
from nlan.schema.resolving.bgp import fill_peers
from nlan.schema.resolving.contributors import Contributor
from nlan.schema.resolving.drafts import NodeDraft, vpns_of
from nlan.schema.resolving.hosts import add_host_lans, add_vhosts
from nlan.schema.resolving.names import Underlay as UnderlayNames
from nlan.schema.resolving.ptn import add_ptn
from nlan.schema.resolving.routing import derive_gateways, derive_routers
from nlan.schema.resolving.segments import Wiring
from nlan.schema.resolving.settings import Settings
from nlan.schema.syntax.report import Position
from nlan.schema.written.sections import AnyKey, Record
from nlan.schema.written.table import LabKeys, NodeKeys, ShortKeys
from nlan.services.ptn.model import Ptn
from nlan.services.vhosts.model import Vhosts
from nlan.values import HOSTS_MAX, MTU_MAX, vxlan_overhead

_ROUTING: tuple[AnyKey, ...] = (
    NodeKeys.asn,
    NodeKeys.ospf,
    NodeKeys.bgp,
    NodeKeys.route_reflector,
    NodeKeys.engine,
    NodeKeys.hosts,
    NodeKeys.loopback,
    NodeKeys.forwarding,
    NodeKeys.frr,
    NodeKeys.router,
    NodeKeys.routes,
    NodeKeys.vhosts,
)
"""Keys that make a router of a node."""


def build_lab(
    name: str,
    settings: Settings,
    records: dict[str, Record],
    underlay: UnderlayNames | None,
    path: Path,
    services: Sequence[Contributor] = (),
) -> Lab:
    """Return the lab; problems are recorded in the settings' report.

    Args:
        name: The lab's name.
        settings: What the whole lab says.
        records: What each node says, in file order, defaults included.
        underlay: The nodes' underlay addresses, or None where nothing uses them.
        path: The file; files that it names are relative to its folder.
        services: What nodes may hold besides what is resolved here.
    """
    settings.block([settings.written, *records.values()])
    nodes = {node: _draft(node, record, settings, underlay) for node, record in records.items()}
    for node in nodes.values():
        add_ptn(node, settings.mtu, settings.positions, settings.report)
    wiring = Wiring(settings, nodes)
    wiring.add_written_vpns()
    wiring.set_aside(settings.written.get(ShortKeys.networks, []))
    wiring.add_links(settings.written.get(ShortKeys.links, []))
    wiring.add_networks(settings.written.get(ShortKeys.networks, []))
    hosts = 0
    for node in nodes.values():
        add_vhosts(node, settings.mtu, settings.positions, settings.report)
        add_host_lans(node, settings)
        hosts += sum(len(lan.hosts) for lan in node.vhosts) + sum(len(vpn.hosts) for vpn in vpns_of(node))
        if hosts > HOSTS_MAX:
            settings.report.error(
                node.written.position(NodeKeys.hosts), f"the lab has more than {HOSTS_MAX} hosts"
            )
            settings.report.stop_if_failed()
        node.attached = bool(node.ptn) or (underlay is not None and node.name in underlay.referenced)
    _vain_mtus(nodes.values(), settings)
    derive_routers(wiring, path)
    derive_gateways(nodes.values(), settings)
    fill_peers(nodes, settings)
    for node in nodes.values():
        held = (service.resolve(node, wiring) for service in services)
        node.services += (one for one in held if one is not None)
    return Lab(
        name=name,
        nodes=tuple(_node(node) for node in nodes.values()),
        links=tuple(wiring.links),
        lans=tuple(wiring.lans),
        underlay=_underlay(settings, underlay, nodes.values()),
        timers=settings.written.get(LabKeys.timers, "lab"),
        exclusive=settings.written.get(LabKeys.exclusive, False),
        dataplane=settings.written.get(LabKeys.dataplane),
    )


def _vain_mtus(nodes: Iterable[NodeDraft], settings: Settings) -> None:
    """Record where `mtu` is written of nodes, none of which has what it is meant for."""
    used: dict[Position, bool] = {}
    for node in nodes:
        if NodeKeys.mtu in node.written:
            at = node.written.position(NodeKeys.mtu)
            used[at] = used.get(at, False) or bool(node.vhosts)
    for at in (at for at, is_used in used.items() if not is_used):
        message = "a node's `mtu` is that of its host LANs, and there are none"
        settings.report.error(at, message, "say it of the link or network, or of the whole lab")


def _draft(name: str, written: Record, settings: Settings, underlay: UnderlayNames | None) -> NodeDraft:
    draft = NodeDraft(name=name, written=written, at=written.at)
    settings.positions.put(written.at, "node", name)
    if NodeKeys.role in written:
        draft.is_router = written.get(NodeKeys.role) == "router"
    else:
        wide = any(settings.written.get(key) for key in (ShortKeys.asn, ShortKeys.ospf))
        draft.is_router = wide or any(written.get(key, False) is not False for key in _ROUTING)
    if underlay:
        draft.underlay = underlay.addresses.get(name)
    else:
        draft.underlay = written.get(NodeKeys.underlay)
    settings.positions.put(written.position(NodeKeys.underlay), "node", name, "underlay")
    return draft


def _underlay(settings: Settings, names: UnderlayNames | None, nodes: Iterable[NodeDraft]) -> Underlay | None:
    attached = [(node, node.underlay) for node in nodes if node.attached and node.underlay]
    if not names or not attached:
        if LabKeys.underlay_mtu in settings.written:
            at = settings.written.position(LabKeys.underlay_mtu)
            settings.report.warning(at, "no node is on the underlay: its MTU is that of nothing")
        return None
    (prefix, _), *_ = Counter(underlay.network for _, underlay in attached).most_common(1)
    overhead = vxlan_overhead(prefix.version)
    largest = max((vpn.mtu for node, _ in attached for vpn in vpns_of(node)), default=settings.mtu)
    mtu = settings.written.get(LabKeys.underlay_mtu, max(largest, settings.mtu) + overhead)
    settings.positions.put(settings.written.position(LabKeys.underlay_mtu), "underlay", "mtu")
    return Underlay(prefix=prefix, mtu=min(mtu, MTU_MAX))


def _node(node: NodeDraft) -> Node:
    forwarding = node.written.get(NodeKeys.forwarding, node.is_router or bool(node.vhosts) or _routes(node))
    return Node(
        name=node.name,
        underlay=node.underlay,
        attached=node.attached,
        interfaces=tuple(node.interfaces),
        services=tuple(_services(node)),
        forwarding=forwarding,
        gateway=node.gateway,
        limits=node.limits,
        sysctls=_sysctls(node),
        exclusive=node.written.get(NodeKeys.exclusive, False),
    )


def _services(node: NodeDraft) -> Iterator[ServiceModel]:
    if node.ptn:
        yield Ptn(networks=tuple(node.ptn))
    if node.vhosts:
        yield Vhosts(lans=tuple(node.vhosts))
    if node.router is not None:
        yield node.router
    yield from node.services


def _sysctls(node: NodeDraft) -> dict[str, str]:
    """Return what the node says, later lines over earlier ones, as two spellings may name one setting."""
    return {name.value: value for name, value in node.written.get(NodeKeys.sysctls, [])}


def _routes(node: NodeDraft) -> bool:
    router = node.router
    return router is not None and (router.bgp is not None or router.ospf is not None)
