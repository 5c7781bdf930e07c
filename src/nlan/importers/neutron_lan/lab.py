"""A lab of a state file: each module in nlan's words, every part where its author wrote it."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.importers.base import Map, Scalar, Sources, Tree
from nlan.importers.neutron_lan.building import Entry, mapping, sequence, text, word
from nlan.importers.neutron_lan.chains import chains_of
from nlan.importers.neutron_lan.filling import Filling
from nlan.importers.neutron_lan.reading import Item, Router, routers_of
from nlan.importers.neutron_lan.roster import read_roster, segment_of
from nlan.importers.neutron_lan.written import RIP


def lab_of(tree: Map, sources: Sources) -> Map:
    """Return the lab, in the short form, whose nodes say their services in full."""
    routers = routers_of(tree, sources)
    filling = Filling(routers, read_roster(sources), sources)
    nodes = [(router.key, mapping(_node(router, filling, sources), router.key)) for router in routers]
    chains = chains_of(routers, sources)
    nodes += [(chain.name, chain.node) for chain in chains]
    entries: list[Entry] = [("nodes", Map(tuple(nodes), tree.line, tree.column))]
    links = [link for chain in chains for link in chain.links]
    if links:
        entries.append(("links", sequence(links, links[0])))
    hosts = [host for host in filling.hosts.values() if host is not None]
    segment = segment_of(hosts, sources)
    if segment is not None:
        entries.append(("pools", mapping([("underlay", word(str(segment), hosts[0]))], hosts[0])))
    return mapping(entries, tree)


def _node(router: Router, filling: Filling, sources: Sources) -> Iterator[Entry]:
    host = filling.hosts[router.name]
    if host is not None:
        yield "underlay", host
    yield "forwarding", word("true", router.key)
    ptn = {**_ptn(router, filling), **_vpls(router, filling)}
    if ptn:
        yield "ptn", mapping(((name, mapping(own, router.key)) for name, own in ptn.items()), router.key)
    if router.items("subnets"):
        yield "dvr", mapping(_dvr(router, filling), router.items("subnets")[0].at)
    lans = [mapping(_lan(item), item.at) for item in router.items("vhosts") if _is_lan(item, sources)]
    if lans:
        yield "vhosts", mapping([("vhost_props", sequence(lans, lans[0]))], lans[0])
    yield from _gateway(router, sources)
    _left_out(router, sources)


def _words(item: Item, *names: str) -> Iterator[Entry]:
    """Yield words that mean the same in both."""
    for name in names:
        if name in item.words:
            yield name, item.words[name]


# Packet transport networks, and VPLS, which is one without a name


def _ptn(router: Router, filling: Filling) -> dict[str, list[Entry]]:
    """Return what each network of a router says."""
    found: dict[str, list[Entry]] = {}
    vpns: dict[str, list[Tree]] = {}
    for item in router.items("ptn_nodes"):
        found.setdefault(item.text("id"), []).extend(_words(item, "nodes"))
    for item in router.items("ptn_links"):
        found.setdefault(item.text("id"), []).append(("links", _links(router, item, filling, "ptn_links")))
    for item in router.items("ptn_l2vpn"):
        vpns.setdefault(item.text("id"), []).append(_vpn(router, item, filling, "ptn_l2vpn"))
    for name, own in vpns.items():
        found.setdefault(name, []).append(("l2vpn", sequence(own, own[0])))
    return found


def _links(router: Router, item: Item, filling: Filling, module: str) -> Map:
    remotes = filling.addresses(router, item, "remote_ips", module)
    own: list[Entry] = [("local_ip", filling.local(router, item))]
    return mapping([*own, *([("remote_ips", remotes)] if remotes else [])], item.at)


def _vpn(router: Router, item: Item, filling: Filling, module: str) -> Map:
    peers = filling.addresses(router, item, "peers", module)
    own = [("peers", peers)] if peers else []
    return mapping([*_words(item, "vni", "vid"), *own, *_words(item, "ip")], item.at)


def _vpls(router: Router, filling: Filling) -> dict[str, list[Entry]]:
    """Return the layer-2 networks, by the tunnels that lead to their peers."""
    tunnels = router.items("vxlan")
    found: dict[str, list[Entry]] = {}
    by_tunnel: dict[int, list[Tree]] = {}
    for item in router.items("vpls"):
        tree = _vpn(router, item, filling, "vpls")
        by_tunnel.setdefault(_tunnel(item, tunnels), []).append(tree)
    for number, own in by_tunnel.items():
        links = [("links", _links(router, tunnels[number], filling, "vxlan"))] if tunnels else []
        found[f"vpls{number or ''}"] = [*links, ("l2vpn", sequence(own, own[0]))]
    return found


def _tunnel(item: Item, tunnels: list[Item]) -> int:
    """Return the number of the tunnels whose ends are the item's peers; the first where none are."""
    peers = _texts(item, "peers")
    return next((n for n, one in enumerate(tunnels) if peers & _texts(one, "remote_ips")), 0)


def _texts(item: Item, name: str) -> set[str]:
    value = item.words.get(name)
    values = getattr(value, "items", ())
    return {one.text for one in values if isinstance(one, Scalar)}


# Distributed subnets


def _dvr(router: Router, filling: Filling) -> Iterator[Entry]:
    for item in router.items("bridges"):
        if "ovs_bridges" in item.words:
            yield "ovs_bridges", word("true", item.words["ovs_bridges"])
    subnets = router.items("subnets")
    yield "subnets", sequence((_subnet(router, item, filling) for item in subnets), subnets[0].at)
    if vxlan := router.items("vxlan"):
        yield "vxlan", sequence((_links(router, item, filling, "vxlan") for item in vxlan), vxlan[0].at)


def _subnet(router: Router, item: Item, filling: Filling) -> Map:
    entries = list(_words(item, "vni", "vid"))
    gateway = item.words.get("ip_dvr")
    if isinstance(gateway, Map):
        entries.append(("ip_dvr", sequence((gateway,), gateway)))
    if ports := filling.ports(router, item):
        entries.append(("ports", ports))
    if peers := filling.addresses(router, item, "peers", "subnets"):
        entries.append(("peers", peers))
    return mapping([*entries, *_words(item, "ip_vhost", "default_gw")], item.at)


# Hosts, and the outside


def _is_lan(item: Item, sources: Sources) -> bool:
    """Tell whether hosts have a LAN of their own; those behind an OpenFlow switch are left out."""
    if "connect" not in item.words:
        return True
    message = "hosts behind an OpenFlow switch are left out: there is no controller"
    sources.warning(item.words["connect"], message, "without `connect` they have a LAN of their own")
    return False


def _lan(item: Item) -> Iterator[Entry]:
    yield from _words(item, "network", "vhosts")


def _gateway(router: Router, sources: Sources) -> Iterator[Entry]:
    for item in router.items("gateway"):
        if item.text("rip") == "enabled" and item.text("network"):
            yield "frr", text(RIP.format(item.text("network")), item.words["network"])
        else:
            message = "RIP is spoken where `rip: enabled` and `network: INTERFACE` are said; neither is done"
            sources.warning(item.at, message)


def _left_out(router: Router, sources: Sources) -> None:
    for item in router.items("bridges", "ptn_nodes"):
        if "controller" in item.words:
            message = "OpenFlow controllers are not there yet: the switches learn by themselves"
            sources.warning(item.words["controller"], message)
    for item in router.items("command"):
        hint = f"`nlan exec {router.name} -- COMMAND` runs one"
        sources.warning(item.at, "a lab runs no commands at its start; they are left out", hint)
