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
        topo = draw((groups[0][0], entry.value) for entry, groups in found)
        standing = await self.db.get("topo")
        if (standing.value if standing else {"nodes": [], "edges": []}) != topo:
            await self.db.put("topo", topo, message="topo")


def draw(configs: Iterable[tuple[str, Any]]) -> dict[str, list[dict[str, str]]]:
    """Return nodes (`id` is the tunnel address) and edges (`source`, `target`) of the routers' networks."""
    nodes: dict[str, str] = {}
    pairs: list[tuple[str, str]] = []
    for router, config in sorted(configs, key=lambda item: item[0]):
        for local, remotes in _ends(config):
            nodes.setdefault(local, router)
            pairs += [(local, str(remote)) for remote in remotes]
    return {
        "nodes": [{"id": address, "router": router} for address, router in nodes.items()],
        "edges": [
            {"id": f"n{place}", "source": source, "target": target}
            for place, (source, target) in enumerate(dict.fromkeys(pairs))
        ],
    }


def _ends(config: Any) -> Iterator[tuple[str, list[Any]]]:
    """Tunnel address and far ends of each network, of state files (`Ptn`) or as nlan keeps it (`ptn`)."""
    for network in _networks(_member(config, "Ptn")):
        links = _member(network, "Links")
        if links.get("LocalIp"):
            yield str(links["LocalIp"]), links.get("RemoteIps") or []
    for network in _networks(config.get("ptn") if isinstance(config, dict) else None):
        if network.get("local"):
            peers = [peer for l2vpn in network.get("l2vpns") or () for peer in l2vpn.get("peers") or ()]
            yield str(network["local"]), peers


def _networks(ptn: Any) -> Iterator[dict[str, Any]]:
    if isinstance(ptn, dict):
        ptn = ptn["Networks"] if isinstance(ptn.get("Networks"), list) else list(ptn.values())
    for network in ptn if isinstance(ptn, list) else ():
        if isinstance(network, dict):
            yield network


def _member(value: Any, name: str) -> dict[str, Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}
