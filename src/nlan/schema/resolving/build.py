"""From what was read to the resolved lab, by way of the services: see `Contributor`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from nlan.model import Lab, Limits, Node, ServiceModel, Underlay
from nlan.schema.resolving.contributors import Contributor, contributions
from nlan.schema.resolving.drafts import NodeDraft
from nlan.schema.resolving.names import Underlay as UnderlayNames
from nlan.schema.resolving.segments import Wiring
from nlan.schema.resolving.settings import Settings
from nlan.schema.written import table
from nlan.schema.written.sections import AnyKey, Record
from nlan.schema.written.table import LabKeys, LimitsKeys, NodeKeys
from nlan.values import HOSTS_MAX, MTU_MAX, vxlan_overhead

KeysBySection = Mapping[str, Sequence[AnyKey]]


def build_lab(
    name: str,
    settings: Settings,
    records: dict[str, Record],
    underlay: UnderlayNames | None,
    services: Sequence[Contributor],
) -> Lab:
    """Return the lab; problems are recorded in the settings' report.

    Args:
        name: The lab's name.
        settings: What the whole lab says.
        records: What each node says, in file order, defaults included.
        underlay: The nodes' underlay addresses, or None where nothing uses them.
        services: What nodes offer; see `Contributor`.
    """
    settings.block([settings.written, *records.values()])
    routing = [contribution.routing for _, contribution in contributions(services)]
    nodes = {node: _draft(node, record, settings, underlay) for node, record in records.items()}
    is_router = _role(settings, routing)
    for node in nodes.values():
        node.is_router = is_router(node)
    wiring = Wiring(settings, nodes)
    for service in services:
        service.declare(wiring)
    for service in services:
        service.connect(wiring)
    _add_hosts(wiring, services)
    for service in services:
        service.derive(wiring)
    held = {node.name: tuple(_held(node, wiring, services)) for node in nodes.values()}
    return Lab(
        name=name,
        nodes=tuple(_node(node, held[node.name]) for node in nodes.values()),
        links=tuple(wiring.links),
        lans=tuple(wiring.lans),
        underlay=_underlay(settings, underlay, nodes.values()),
        timers=settings.written.get(LabKeys.timers, "lab"),
        exclusive=settings.written.get(LabKeys.exclusive, False),
        dataplane=settings.written.get(LabKeys.dataplane),
        runtime=settings.written.get(LabKeys.runtime),
    )


def _add_hosts(wiring: Wiring, services: Sequence[Contributor]) -> None:
    hosts = 0
    for node in wiring.nodes.values():
        for service in services:
            service.add_hosts(node, wiring)
        hosts += node.hosts
        if hosts > HOSTS_MAX:
            at = wiring.settings.positions.find("node", node.name, "hosts")
            wiring.report.error(at, f"the lab has more than {HOSTS_MAX} hosts")
            wiring.report.stop_if_failed()


def _held(node: NodeDraft, wiring: Wiring, services: Sequence[Contributor]) -> Iterator[ServiceModel]:
    for service in services:
        if (found := service.resolve(node, wiring)) is not None:
            yield found


def _draft(name: str, written: Record, settings: Settings, underlay: UnderlayNames | None) -> NodeDraft:
    draft = NodeDraft(name=name, written=written, at=written.at)
    settings.positions.put(written.at, "node", name)
    if underlay:
        draft.underlay = underlay.addresses.get(name)
        draft.attached = name in underlay.referenced
    else:
        draft.underlay = written.get(NodeKeys.underlay)
    settings.positions.put(written.position(NodeKeys.underlay), "node", name, "underlay")
    return draft


def _role(
    settings: Settings, routing: Sequence[Mapping[str, Sequence[AnyKey]]]
) -> Callable[[NodeDraft], bool]:
    """Return what tells a router: as a node says, else where the lab or the node says anything of routing."""
    wide = any(settings.written.get(key) for keys in routing for key in keys.get(table.LAB.title, ()))
    own = {key for keys in routing for key in keys.get(table.NODE.title, ())} | {NodeKeys.forwarding}

    def is_router(node: NodeDraft) -> bool:
        if NodeKeys.role in node.written:
            return node.written.get(NodeKeys.role) == "router"
        return wide or any(node.written.get(key, False) is not False for key in own)

    return is_router


def _underlay(settings: Settings, names: UnderlayNames | None, nodes: Iterable[NodeDraft]) -> Underlay | None:
    attached = [(node, node.underlay) for node in nodes if node.attached and node.underlay]
    if not names or not attached:
        if LabKeys.underlay_mtu in settings.written:
            at = settings.written.position(LabKeys.underlay_mtu)
            settings.report.warning(at, "no node is on the underlay: its MTU is that of nothing")
        return None
    (prefix, _), *_ = Counter(underlay.network for _, underlay in attached).most_common(1)
    overhead = vxlan_overhead(prefix.version)
    largest = max(settings.mtu, *(node.carries for node, _ in attached))
    mtu = settings.written.get(LabKeys.underlay_mtu, largest + overhead)
    settings.positions.put(settings.written.position(LabKeys.underlay_mtu), "underlay", "mtu")
    return Underlay(prefix=prefix, mtu=min(mtu, MTU_MAX))


def _node(node: NodeDraft, services: tuple[ServiceModel, ...]) -> Node:
    return Node(
        name=node.name,
        underlay=node.underlay,
        attached=node.attached,
        interfaces=tuple(node.interfaces),
        services=services,
        forwarding=node.written.get(NodeKeys.forwarding, node.is_router or node.forwards),
        gateway=node.gateway,
        limits=_limits(node.written.get(NodeKeys.limits)),
        sysctls=_sysctls(node),
        exclusive=node.written.get(NodeKeys.exclusive, False),
        runtime=node.written.get(NodeKeys.runtime),
    )


def _limits(written: Record | None) -> Limits | None:
    if not written:
        return None
    return Limits(
        memory=written.get(LimitsKeys.memory),
        cpus=written.get(LimitsKeys.cpus),
        pids=written.get(LimitsKeys.pids),
    )


def _sysctls(node: NodeDraft) -> dict[str, str]:
    """Return what the node says, later lines over earlier ones, as two spellings may name one setting."""
    return {name.value: value for name, value in node.written.get(NodeKeys.sysctls, [])}
