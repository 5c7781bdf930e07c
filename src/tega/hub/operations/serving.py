"""Operations on the session and the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tega.hub.operations.base import seen
from tega.protocol import requests

if TYPE_CHECKING:
    from tega.api import Json
    from tega.hub.hub import Hub
    from tega.hub.session import Session


def ping(hub: Hub, who: Session, r: requests.Ping) -> Json:
    """Answer with the revision up to which the session was sent everything, if it was."""
    return hub.changefeed.head if all(sub.live for sub in who.subs.values()) else None


async def bye(hub: Hub, who: Session, r: requests.Bye) -> Json:
    await hub.end(who, "")


async def info(hub: Hub, who: Session, r: requests.Info) -> Json:
    limits = hub.store.limits()
    return {
        "head": await hub.store.head(),
        "oldest": hub.store.database.oldest(),
        "sessions": len(seen(hub, who)),
        **({"functions": len(hub.calls.offered())} if who.access.everywhere("read") else {}),
        "durable": limits.durable,
        "commit_bytes": limits.commit_bytes,
    }


def plugins(hub: Hub, who: Session, r: requests.Plugins) -> Json:
    return hub.plugins.describe() if hub.plugins and who.access.everywhere("read") else {}


async def reload(hub: Hub, who: Session, r: requests.Reload) -> Json:
    who.access.require("write", ())
    if hub.plugins:
        await hub.plugins.reload()
