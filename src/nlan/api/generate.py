"""Files for well-known shapes of networks, in the short form: ``nlan generate ring 50 --bgp``."""

from __future__ import annotations

from collections.abc import Callable

from nlan.errors import InputError, Problem
from nlan.values import HOSTS_MAX, LINKS_MAX, is_name

KINDS = ("ring", "line", "star", "mesh", "clos", "wan", "dvr", "fabric", "campus")
"""What can be generated."""

COUNT_MAX = 10_000
"""The most nodes; a mesh takes at most 200."""

_MESH_MAX = 200
_LINK_POOL = 16_000
"""Links that the default pool has pieces for."""
_LAN_POOL = 255
"""Host LANs that the default pool has pieces for."""
_SUBNET_HOSTS = 65_533
"""Hosts that a subnet of a distributed router has addresses for."""
_LAN_HOSTS = 253
"""Hosts that a LAN of the default pool has addresses for."""


def generate(
    kind: str,
    *,
    count: int | None = None,
    bgp: bool = False,
    ospf: bool = False,
    hosts: int = 0,
    spines: int = 2,
    ipv6: bool = False,
    name: str | None = None,
) -> str:
    """Return a lab file, with a comment that says what it is; equal arguments give equal text.

    Args:
        kind: One of `KINDS`. ``wan`` is the nine-router WAN over VXLAN, ``dvr`` one distributed router,
            ``fabric`` leaves and spines over VXLAN, ``campus`` buildings around two cores.
        count: How many nodes (leaves, for ``clos`` and ``fabric``; buildings, for ``campus``); by default 4,
            for ``ring`` and ``line`` 10, ``dvr`` 3, ``fabric`` 6, ``campus`` 2.
        bgp: Routers that speak eBGP, an AS each, instead of plain hosts.
        ospf: Routers of one OSPF area instead of plain hosts.
        hosts: Hosts behind each router (each leaf; each LAN of ``wan``; each node in each subnet of ``dvr``).
        spines: Spines of ``clos`` and ``fabric``.
        ipv6: IPv6 besides IPv4.
        name: The lab's name; by default kind and count.

    Raises:
        InputError: The kind is unknown, or the numbers make no network.
    """
    if kind not in KINDS:
        raise _bad(kind, f"`{kind}` is no kind of network that can be generated", _near(kind))
    if bgp and ospf:
        raise _bad(kind, "one of BGP and OSPF is wanted, not both")
    if name is not None and not is_name(name):
        raise _bad(kind, f"`{name}` cannot be a lab's name")
    if not 0 <= hosts <= _LAN_HOSTS:
        raise _bad(kind, f"{hosts} is not a number of hosts from 0 to {_LAN_HOSTS}")
    routing = "bgp" if bgp else "ospf" if ospf else ""
    if kind == "wan" and count is not None:
        raise _bad(kind, "the WAN has nine routers; leave out the number")
    if kind == "wan":
        return _wan(routing or "bgp", 2 if hosts == 0 else hosts, ipv6, name or f"wan-{routing or 'bgp'}")
    if kind == "fabric":
        leaves, number = _count(kind, count, 6, 1), _count(kind, spines, 2, 1)
        return _fabric(leaves, number, routing or "bgp", hosts or 2, ipv6, name or kind)
    if kind == "campus":
        buildings = _count(kind, count, 2, 1)
        return _campus(buildings, routing or "ospf", hosts or 2, ipv6, name or f"campus-{buildings}")
    if kind == "clos":
        return _clos(
            _count(kind, count, 4, 1), _count(kind, spines, 2, 1), routing or "bgp", hosts, ipv6, name
        )
    if kind == "dvr" and routing:
        raise _bad(kind, "a distributed router speaks no routing protocol; leave BGP and OSPF out")
    if kind == "dvr":
        number = _count(kind, count, 3, 2)
        return _dvr(number, hosts or 1, ipv6, name or f"dvr-{number}")
    if hosts and not routing:
        raise _bad(kind, "hosts live behind routers; say BGP or OSPF too")
    number = _count(kind, count, 4 if kind in ("star", "mesh") else 10, 2)
    return _SHAPES[kind](number, routing, hosts, ipv6, name or f"{kind}-{number}")


def _bad(kind: str, message: str, hint: str = "") -> InputError:
    return InputError([Problem(f"generate {kind}", message, hint=hint)])


def _near(kind: str) -> str:
    import difflib

    close = difflib.get_close_matches(kind, KINDS, n=1)
    return f"did you mean `{close[0]}`?" if close else f"there are {', '.join(KINDS)}"


def _count(kind: str, count: int | None, default: int, least: int) -> int:
    number = default if count is None else count
    most = _MESH_MAX if kind == "mesh" else COUNT_MAX
    if not least <= number <= most:
        raise _bad(kind, f"{number} is not a number of nodes from {least} to {most}")
    return number


def _head(title: str, name: str, ipv6: bool, routing: str, links: int, lans: int, hosts: int) -> list[str]:
    """Return the first lines, with pools that `links` and `lans`, of `hosts` each, fit into."""
    if links > LINKS_MAX or lans * hosts > HOSTS_MAX:
        most = f"{LINKS_MAX} links and {HOSTS_MAX} hosts"
        raise _bad(name, f"{links} links and {lans * hosts} hosts are too many; a lab has at most {most}")
    lines = [f"# {title}", f"name: {name}"]
    lines += ["ipv6: true"] if ipv6 else []
    lines += {"bgp": ["asn: auto"], "ospf": ["ospf: true"], "": []}[routing]
    pools = ["links: 10.64.0.0/10"] if links > _LINK_POOL else []
    pools += ["lans: 10.128.0.0/9"] if hosts and lans > _LAN_POOL else []
    return [*lines, f"pools: {{{', '.join(pools)}}}"] if pools else lines


def _nodes(letter: str, count: int, hosts: int) -> list[str]:
    names = f"{letter}[1-{count}]"
    return ["nodes:", f"  {names}: {{hosts: {hosts}}}"] if hosts else [f"nodes: {names}"]


def _what(count: int, routing: str, hosts: int) -> str:
    kind = {"bgp": "eBGP routers, an AS each", "ospf": "OSPF routers", "": "hosts"}[routing]
    behind = f", {hosts} host{'s' * (hosts > 1)} behind each" if hosts else ""
    return f"{count} {kind}{behind}"


def _row(shape: str) -> Callable[[int, str, int, bool, str], str]:
    def make(count: int, routing: str, hosts: int, ipv6: bool, name: str) -> str:
        letter = "r" if routing else "h"
        links = count * (count - 1) // 2 if shape == "mesh" else count
        lines = _head(
            f"A {shape} of {_what(count, routing, hosts)}.", name, ipv6, routing, links, count, hosts
        )
        lines += [*_nodes(letter, count, hosts), "links:", f"- {shape}: {letter}[1-{count}]"]
        return "\n".join(lines) + "\n"

    return make


def _star(count: int, routing: str, hosts: int, ipv6: bool, name: str) -> str:
    """A hub and `count` nodes around it; the hub of plain hosts is a router: they reach each other."""
    letter = "r" if routing else "h"
    lines = _head(
        f"A star: a hub and {_what(count, routing, hosts)}.", name, ipv6, routing, count, count, hosts
    )
    hub = "  hub:" if routing else "  hub: {role: router}"
    leaf = f"{{hosts: {hosts}}}" if hosts else ""
    lines += ["nodes:", hub, f"  {letter}[1-{count}]: {leaf}".rstrip()]
    lines += ["links:", f"- hub -- {letter}[1-{count}]"]
    return "\n".join(lines) + "\n"


def _clos(leaves: int, spines: int, routing: str, hosts: int, ipv6: bool, name: str | None) -> str:
    title = f"A fabric of {spines} spines and {leaves} leaves"
    behind = f", {hosts} hosts behind each leaf." if hosts else "."
    called = name or f"clos-{spines}-{leaves}"
    lines = _head(title + behind, called, ipv6, routing, leaves * spines, leaves, hosts)
    lines += [f"bgp: {{maximum_paths: {min(spines, 64)}}}"] if routing == "bgp" else []
    lines += [
        "nodes:",
        f"  spine[1-{spines}]:",
        f"  leaf[1-{leaves}]:" + (f" {{hosts: {hosts}}}" if hosts else ""),
    ]
    lines += ["links:", f"- spine[1-{spines}] -- leaf[1-{leaves}]"]
    return "\n".join(lines) + "\n"


def _wan(routing: str, hosts: int, ipv6: bool, name: str) -> str:
    title = "A WAN of four PEs, a route reflector and four customer edges, over VXLAN."
    lines = [f"# {title}", f"name: {name}", *(["ipv6: true"] if ipv6 else [])]
    lines += ["pools: {loopbacks: 10.1.1.0/24, links: 10.201.0.0/16}"]
    lines += ["ospf: true"] if routing == "ospf" else []
    core = ["  pe[1-4]: {asn: 100}", "  rr: {asn: 100, route_reflector: true}"]
    lines += ["nodes:", *(core if routing == "bgp" else ["  pe[1-4]:", "  rr:"])]
    for number in range(1, 5):
        asn = f"asn: {1000 + number}, " if routing == "bgp" else ""
        lans = f"{{172.21.{number}.1/24: {hosts}, 172.22.{number}.1/24: {hosts}}}"
        lines.append(f"  ce{number}: {{{asn}hosts: {lans}}}")
    lines += ["networks:", '  wan: {nodes: ["pe[1-4]", rr]}', "links:"]
    lines += [f'- {{link: "pe[{pair}] -- ce[{pair}]", type: l2vpn}}' for pair in ("1-2", "3-4")]
    return "\n".join(lines) + "\n"


def _dvr(count: int, hosts: int, ipv6: bool, name: str) -> str:
    """One router on all nodes, with three subnets."""
    if count * hosts > _SUBNET_HOSTS:
        message = f"{count} nodes with {hosts} hosts each do not fit into a subnet: {_SUBNET_HOSTS} do"
        raise _bad("dvr", message)
    lines = [f"# One router on {count} nodes: three subnets, {hosts} hosts of each behind every node."]
    lines += [f"name: {name}", *(["ipv6: true"] if ipv6 else []), f"nodes: r[1-{count}]"]
    lines += ["routers:", "  dvr:", *([f"    hosts: {hosts}"] if hosts > 1 else []), "    subnets:"]
    for number, colour in enumerate(("red", "blue", "green"), 101):
        prefix = f"10.{number}.0.0/16"
        lines.append(f"      {colour}: " + (f'[{prefix}, "2001:db8:{number}::/64"]' if ipv6 else prefix))
    return "\n".join(lines) + "\n"


_LEAVES_MAX = 55
"""Leaves of a fabric that there are prefixes for: 10.201.0.0/16 and so on."""


def _fabric(leaves: int, spines: int, routing: str, hosts: int, ipv6: bool, name: str) -> str:
    """Leaves and spines over VXLAN; each leaf an AS, all spines another; two host LANs behind each leaf."""
    if leaves > _LEAVES_MAX or leaves + spines > _LAN_HOSTS:
        most = f"a fabric has at most {_LEAVES_MAX} leaves, and {_LAN_HOSTS} routers"
        raise _bad(name, f"{leaves} leaves and {spines} spines are too many: {most}")
    lines = [f"# A fabric of {spines} spines and {leaves} leaves over VXLAN, two LANs behind each leaf."]
    lines += [f"name: {name}", *(["ipv6: true"] if ipv6 else [])]
    lines += ["ospf: true"] if routing == "ospf" else []
    lines += ["pools: {loopbacks: 10.1.1.0/24}", "nodes:"]
    for leaf in range(1, leaves + 1):
        asn = f"asn: {100 + leaf}, " if routing == "bgp" else ""
        own = f"{{172.21.{leaf}.1/24: {hosts}, 172.22.{leaf}.1/24: {hosts}}}"
        lines.append(f"  lf{leaf}: {{{asn}hosts: {f'[{hosts}, {hosts}]' if ipv6 else own}}}")
    names = [f"sp{spine}" for spine in range(1, spines + 1)]
    for own in names:
        silent = ", ".join(f"{other}: false" for other in names if other != own)
        apart = f", bgp: {{peers: {{{silent}}}}}" if silent else ""
        lines.append(f"  {own}:" + (f" {{asn: 1000{apart}}}" if routing == "bgp" else ""))
    lines.append("links:")
    for leaf in range(1, leaves + 1):
        for spine in range(1, spines + 1):
            prefix = "" if ipv6 else f", prefix: 10.{200 + leaf}.{spine}.0/24"
            vni = leaf + leaves * (spine - 1)
            lines.append(f"- {{link: lf{leaf} -- sp{spine}, type: l2vpn, vni: {vni}{prefix}}}")
    return "\n".join(lines) + "\n"


def _campus(buildings: int, routing: str, hosts: int, ipv6: bool, name: str) -> str:
    """Two core routers; in each building two that distribute, and two that give access to hosts."""
    title = f"A campus of {buildings} building{'s' * (buildings > 1)}: two cores, two distributions and"
    title += " two accesses in each."
    links, lans = 1 + 9 * buildings, 2 * buildings
    lines = [*_head(title, name, ipv6, routing, links, lans, hosts), "nodes:", "  core[1-2]:"]
    between = ["links:", "- core1 -- core2"]
    for number in range(1, buildings + 1):
        lines += [f"  b{number}d[1-2]:", f"  b{number}a[1-2]: {{hosts: {hosts}}}"]
        between += [f"- core[1-2] -- b{number}d[1-2]", f"- b{number}d1 -- b{number}d2"]
        between.append(f"- b{number}d[1-2] -- b{number}a[1-2]")
    return "\n".join([*lines, *between]) + "\n"


_SHAPES = {"ring": _row("ring"), "line": _row("line"), "mesh": _row("mesh"), "star": _star}
