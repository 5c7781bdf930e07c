"""`topo`: the graph of the packet transport network, kept current from every `config-<router>`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tega.plugins.base import Plugin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tega.client import Missed, Notice

CONFIG = r"config-([^.]*)"


class Topo(Plugin):
    """Nodes and edges of the tunnels, at `topo`."""

    async def on_init(self) -> None:
        await self.subscribe(CONFIG, regex=True)
        await self._draw()

    async def on_notify(self, notice: Notice) -> None:
        await self._draw()

    async def on_missed(self, missed: Missed) -> None:
        await self._draw()

    async def _draw(self) -> None:
        found = await self.db.select(CONFIG, regex=True)
        topo = draw((groups[0], entry.value) for entry, groups in found)
        standing = await self.db.get("topo")
        if (standing.value if standing else {"nodes": [], "edges": []}) != topo:
            await self.db.put("topo", topo, message="topo")


def draw(configs: Iterable[tuple[str, Any]]) -> dict[str, list[dict[str, str]]]:
    """Return nodes (`id` is the tunnel address) and edges (`source`, `target`), from the routers' `Ptn`."""
    nodes: dict[str, str] = {}
    pairs: list[tuple[str, str]] = []
    for router, config in sorted(configs, key=lambda item: item[0]):
        for links in _links(config):
            local = str(links.get("LocalIp", ""))
            if local:
                nodes.setdefault(local, router)
                pairs += [(local, str(remote)) for remote in links.get("RemoteIps") or []]
    return {
        "nodes": [{"id": address, "router": router} for address, router in nodes.items()],
        "edges": [
            {"id": f"n{place}", "source": source, "target": target}
            for place, (source, target) in enumerate(dict.fromkeys(pairs))
        ],
    }


def _links(config: Any) -> Iterator[dict[str, Any]]:
    ptn = config.get("Ptn") if isinstance(config, dict) else None
    if not isinstance(ptn, dict):
        return
    networks = ptn["Networks"] if isinstance(ptn.get("Networks"), list) else ptn.values()
    for network in networks:
        links = network.get("Links") if isinstance(network, dict) else None
        if isinstance(links, dict):
            yield links
