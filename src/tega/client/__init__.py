"""The Python driver of a tega server.

::

    async with connect("127.0.0.1:8739", name="watcher") as db:
        await db.put("a.b", 1)
        async with db.subscribe("a") as notices:
            async for notice in notices: ...

`tega.client.blocking` has the same for code without an event loop.
"""

from tega.client.client import Client
from tega.client.events import Commits, Messages, Missed, News, Notice
from tega.client.transaction import Transaction

connect = Client
"""Reads better: `async with connect(url) as db`."""

__all__ = ["Client", "Commits", "Messages", "Missed", "News", "Notice", "Transaction", "connect"]
