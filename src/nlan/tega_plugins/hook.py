"""`plugins.hook()`: have every router refresh its operational data and statistics."""

from __future__ import annotations

import asyncio
from typing import Any

from tega.errors import StoreError
from tega.plugins.base import Plugin

HOOKS = (r"operational-[^.]*\.ip\.hook\.(route|addr)", r"stats-[^.]*\.hook\.netstat")
AT_ONCE = 64


class Hook(Plugin):
    """Calls every `operational-<host>.ip.hook.route`, `.addr` and `stats-<host>.hook.netstat`."""

    async def on_init(self) -> None:
        await self.offer("plugins.hook", self.hook)

    async def hook(self) -> dict[str, Any]:
        """Call them all side by side; return how many answered and why the others did not."""
        paths = [entry.path for hook in HOOKS for entry, _ in await self.db.select(hook, regex=True)]
        limit = asyncio.Semaphore(AT_ONCE)
        results = await asyncio.gather(*(self._call(path, limit) for path in paths))
        failed = {".".join(path): why for path, why in zip(paths, results, strict=True) if why}
        return {"called": len(paths) - len(failed), "failed": failed}

    async def _call(self, path: tuple[str, ...], limit: asyncio.Semaphore) -> str | None:
        async with limit:
            try:
                await self.db.call(path)
            except StoreError as error:
                return str(error)
            return None
