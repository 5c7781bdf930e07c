"""`plugins.subnets()`: for each subnet, who sends to whom; written at `graph.subnets`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tega.plugins.base import Plugin

if TYPE_CHECKING:
    from collections.abc import Sequence

OPERATIONAL = r"operational-([^.]*)"
DEFAULT = ("default", "0.0.0.0/0", "::/0")


class Table(NamedTuple):
    """A router's addresses, and the next hops of each subnet."""

    router: str
    addresses: list[str]
    routes: dict[str, list[str]]


class Subnets(Plugin):
    """The next-hop graph of every subnet, from `operational-<router>`."""

    async def on_init(self) -> None:
        await self.offer("plugins.subnets", self.subnets)

    async def subnets(self) -> dict[str, list[list[str]]]:
        """Write and return `graph.subnets`: subnet to edges, router to next-hop router."""
        found = await self.db.select(OPERATIONAL, regex=True)
        graph = next_hops(
            [table(groups[0][0], entry.value) for entry, groups in found if isinstance(entry.value, dict)]
        )
        await self.db.put("graph.subnets", graph, message="plugins.subnets")
        return graph


def table(router: str, shown: dict[str, Any]) -> Table:
    """Read what a router shows: `ip` as hooks write it, or addresses and routes as nlan does."""
    ip = shown.get("ip")
    if isinstance(ip, dict):
        routes = {subnet: [route] for subnet, route in (ip.get("route") or {}).items()}
        addresses, via = list(ip.get("addr") or ()), "Via"
    else:
        routes = {prefix: route["hops"] for prefix, route in (shown.get("routes") or {}).items()}
        addresses, via = [one for on in (shown.get("addresses") or {}).values() for one in on], "via"
    hops = {
        subnet: [str(hop[via]) for hop in found if isinstance(hop, dict) and hop.get(via)]
        for subnet, found in routes.items()
        if subnet not in DEFAULT
    }
    return Table(router, addresses, hops)


def next_hops(tables: Sequence[Table]) -> dict[str, list[list[str]]]:
    """Return the edges of each subnet; a next hop that is no known router stands by its address."""
    owner = {bare(address): router for router, addresses, _ in tables for address in addresses}
    graph: dict[str, list[list[str]]] = {}
    for router, _, routes in tables:
        for subnet, hops in routes.items():
            for via in hops:
                graph.setdefault(subnet, []).append([router, owner.get(bare(via), via)])
    return graph


def bare(address: object) -> str:
    return str(address).partition("/")[0]
