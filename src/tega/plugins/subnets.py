"""`plugins.subnets()`: for each subnet, who sends to whom; written at `graph.subnets`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tega.plugins.base import Plugin

if TYPE_CHECKING:
    from collections.abc import Sequence

OPERATIONAL = r"operational-([^.]*)\.ip"


class Subnets(Plugin):
    """The next-hop graph of every subnet, from `operational-<router>.ip`."""

    async def on_init(self) -> None:
        await self.offer("plugins.subnets", self.subnets)

    async def subnets(self) -> dict[str, list[list[str]]]:
        """Write and return `graph.subnets`: subnet to edges, router to next-hop router."""
        found = await self.db.select(OPERATIONAL, regex=True)
        graph = next_hops(
            [(groups[0], entry.value) for entry, groups in found if isinstance(entry.value, dict)]
        )
        await self.db.put("graph.subnets", graph, message="plugins.subnets")
        return graph


def next_hops(tables: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, list[list[str]]]:
    """Return the edges of each subnet; a next hop that is no known router stands by its address."""
    owner = {bare(address): router for router, ip in tables for address in ip.get("addr") or ()}
    graph: dict[str, list[list[str]]] = {}
    for router, ip in tables:
        for subnet, route in (ip.get("route") or {}).items():
            via = route.get("Via") if isinstance(route, dict) else None
            if subnet != "default" and via:
                graph.setdefault(subnet, []).append([router, owner.get(bare(via), str(via))])
    return graph


def bare(address: object) -> str:
    return str(address).partition("/")[0]
