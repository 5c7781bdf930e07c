"""`plugins.server_client(port)`: who talks to whom on a port; written at `graph.server_client.<port>`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tega.plugins.base import Plugin

if TYPE_CHECKING:
    from collections.abc import Iterable

NETSTAT = r"stats-([^.]*)\.netstat"


class ServerClient(Plugin):
    """The graph of clients and servers, from `stats-<host>.netstat`."""

    async def on_init(self) -> None:
        await self.offer("plugins.server_client", self.server_client)

    async def server_client(self, port: int | str) -> list[list[str]]:
        """Write and return the pairs of addresses, client and server, that are connected to `port`."""
        found = await self.db.select(NETSTAT, regex=True)
        pairs = talks(port, (entry.value for entry, _ in found if isinstance(entry.value, dict)))
        await self.db.put(("graph", "server_client", str(port)), pairs, message="plugins.server_client")
        return pairs


def talks(port: int | str, tables: Iterable[dict[str, Any]]) -> list[list[str]]:
    """Return `[client, server]` for every connection whose far end has the port; each pair once."""
    rows = [row for table in tables for kind in ("tcp", "udp") for row in table.get(kind) or ()]
    pairs = [
        (str(row["Ip"]), str(row["ForeignIp"])) for row in rows if str(row.get("ForeignPort")) == str(port)
    ]
    return [list(pair) for pair in dict.fromkeys(pairs)]
