"""Operations on the database as a whole: states, compaction, export and import, proof."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from tega.hub.operations.base import receipt, write_answer
from tega.hub.reading import Answer, write_list
from tega.protocol import requests

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tega.api import Json
    from tega.hub.hub import Hub
    from tega.hub.session import Session


async def snapshot(hub: Hub, who: Session, r: requests.Snapshot) -> Json:
    who.access.require("write", ())
    return await hub.store.snapshot()


async def compact(hub: Hub, who: Session, r: requests.Compact) -> Json:
    who.access.require("write", ())
    await hub.store.compact(r.before)


async def export(hub: Hub, who: Session, r: requests.Export) -> Json:
    who.access.require("read", ())
    into = Answer()
    async with aclosing(hub.store.export(at=r.at, history=r.history)) as lines:  # type: ignore[type-var]
        found = [line.decode() async for line in lines]
    return await write_answer(hub, into, write_list(into, found, str))


async def import_(hub: Hub, who: Session, r: requests.Import) -> Json:
    who.access.require("write", ())
    if r.expect is not None:
        who.access.require("read", ())

    async def lines() -> AsyncIterator[bytes]:
        for line in r.lines:
            yield line.encode()

    done = await hub.store.import_(lines(), mode=r.mode, expect=r.expect, author=who.name, dry_run=r.dry_run)
    return {**receipt(who.access, done), "changes": len(done.changes)}


async def verify(hub: Hub, who: Session, r: requests.Verify) -> Json:
    who.access.require("read", ())
    return (await hub.store.verify()).hex()
