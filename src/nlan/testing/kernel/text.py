"""The fake kernel's state as text: sorted, without indexes, so that equal states read the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nlan.engines.base import Daemon
from nlan.netlink.tables.links import MARKS
from nlan.netlink.tables.snapshot import PROTOCOLS
from nlan.testing.kernel.state import MAIN_TABLE, RULES, Link, Netns
from nlan.testing.kernel.switches import DEFAULTS


def text_of(
    namespaces: Mapping[str, Netns], limits: Mapping[str, Mapping[str, float]], hosts: str | None
) -> str:
    """Return everything as lines; what every new namespace has is left out."""
    lines: list[str] = []
    for name, netns in sorted(namespaces.items()):
        lines += [f"namespace {name}" + ("" if netns.owned else ", not nlan's"), *_indented(_netns(netns))]
    for name, limit in sorted(limits.items()):
        lines.append(
            f"limits {name}: " + ", ".join(f"{what} {value:g}" for what, value in sorted(limit.items()))
        )
    if hosts is not None:
        lines += ["hosts", *_indented(hosts.splitlines())]
    return "".join(f"{line}\n" for line in lines)


def _indented(lines: Iterator[str] | list[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _netns(netns: Netns) -> Iterator[str]:
    for _, link in sorted(netns.links.items()):
        yield from _link(link)
    yield from sorted(
        f"route {route.prefix}"
        + ("" if route.via is None else f" via {route.via}")
        + f" dev {route.link.name} proto {PROTOCOLS.get(route.protocol, route.protocol)}"
        for route in netns.routes
        if route.table == MAIN_TABLE
    )
    yield from (f"no rule {rule}" for rule in RULES if rule not in netns.rules)
    yield from (f"rule {rule}" for rule in sorted(netns.rules.difference(RULES)))
    for name, value in sorted(netns.sysctls.items()):
        if value != DEFAULTS.get(name):
            yield f"sysctl {name} {value}"
    for name, table in sorted(netns.nft.items()):
        yield f"nft table {name}"
        yield from _indented(list(table.statements()))
    for _, daemon in sorted(netns.daemons.items()):
        yield from _daemon(daemon)
    yield from (f"program {' '.join(one.argv)}" for _, one in sorted(netns.programs.items()))


def _link(link: Link) -> Iterator[str]:
    addresses = sorted(str(a.interface) for a in link.addresses if not a.interface.ip.is_loopback)
    if link.kind != "loopback":
        words = [
            f"link {link.name} {link.kind}",
            "up" if link.up else "down",
            f"mtu {link.mtu}",
            f"mac {link.mac}",
        ]
        words += [f"port of {link.master.name}"] if link.master else []
        words += [f"to {link.peer.netns.name} {link.peer.name}"] if link.peer else []
        words += ["no ARP"] if link.no_arp else []
        words += [f"{kind} {number} {value.hex()}" for (kind, number), value in sorted(link.settings.items())]
        words += ["not nlan's"] if link.group not in MARKS else []
        yield ", ".join(words)
    elif addresses:
        yield f"link {link.name}"
    yield from _indented([f"address {address}" for address in addresses])
    if link.tunnel is not None:
        tunnel = link.tunnel
        yield f"  vni {tunnel.vni} local {tunnel.local} port {tunnel.port}"
        yield from _indented(sorted(f"floods to {remote}" for remote in tunnel.remotes))
    if link.bucket is not None:
        yield f"  queue of {link.bucket.rate} bytes/s"


def _daemon(daemon: Daemon) -> Iterator[str]:
    name, *lines = daemon.summary()
    yield f"daemon {name}"
    yield from _indented(lines)
