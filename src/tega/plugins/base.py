"""What a plugin is: a class with a session of its own inside the server.

::

    class Greeter(Plugin):
        async def on_init(self) -> None:
            await self.offer("plugins.greet", self.greet)
            await self.subscribe("config-.*", regex=True)

        async def greet(self, name: str) -> str:
            return f"Hello, {name}"

        async def on_notify(self, notice: Notice) -> None: ...

`self.db` is a client like any other, without a network in between. A plugin
runs on the server's event loop: what blocks goes to `asyncio.to_thread`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from tega.client.events import Missed
from tega.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tega.api import Json
    from tega.client import Client, News, Notice
    from tega.client.events import Stream

logger = logging.getLogger("tega.plugins")


class Plugin:
    """Base of every plugin; its name is that of the class."""

    def __init__(self, db: Client, options: Mapping[str, str]) -> None:
        self.db = db
        self.options = options
        """What the server was given for this plugin: `--option name.key=value`."""
        self._tasks: list[asyncio.Task[None]] = []
        self._streams: list[Stream[Any]] = []

    # -- what a plugin fills in ----------------------------------------------

    async def on_init(self) -> None:
        """Attach functions and subscribe; the server listens once every plugin has done so."""

    async def on_notify(self, notice: Notice) -> None:
        """Learn of a commit that touched what this plugin subscribes to; one at a time, in order."""

    async def on_missed(self, missed: Missed) -> None:
        """Learn that the history is gone up to a revision; read anew what matters."""

    async def on_message(self, channel: str, sender: str, body: Json) -> None:
        """Take a message of a channel that this plugin listens to."""

    async def on_stop(self) -> None:
        """Let go of what is not the server's to clean up."""

    # -- what it can do besides `self.db` ------------------------------------

    async def offer(self, path: str, function: Callable[..., Any]) -> None:
        """Attach a function to a path."""
        await self.db.offer(path, function)

    async def subscribe(self, path: str, *, regex: bool = False, after: int | None = None) -> None:
        """Have `on_notify` called for a path or a regular expression over paths."""
        await self._pump(self.db.subscribe(path, regex=regex, after=after), self._notified)

    async def listen(self, channel: str, *, regex: bool = False) -> None:
        """Have `on_message` called for a channel."""
        await self._pump(self.db.listen(channel, regex=regex), self._received)

    # -- the machinery -------------------------------------------------------

    async def _pump(self, stream: Stream[Any], handle: Callable[[Any], Any]) -> None:
        await stream.open()
        self._streams.append(stream)
        self._tasks.append(asyncio.create_task(self._run(stream, handle)))

    async def _run(self, stream: Stream[Any], handle: Callable[[Any], Any]) -> None:
        try:
            async for item in stream:
                try:
                    await handle(item)
                except Exception:
                    logger.exception("plugin.failed name=%s", type(self).__name__)
        except StoreError as error:
            logger.error("plugin.deaf name=%s reason=%s", type(self).__name__, error)

    async def _notified(self, item: Notice | Missed) -> None:
        if isinstance(item, Missed):
            await self.on_missed(item)
        else:
            await self.on_notify(item)

    async def _received(self, news: News) -> None:
        await self.on_message(news.channel, news.sender, news.body)

    async def stop(self) -> None:
        """Stop; for the server."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await self.on_stop()
        finally:
            await self.db.close()
