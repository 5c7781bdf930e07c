"""Any interleaving of many clients: versions only grow, no update is lost, what is watched is the log."""

import asyncio
import contextlib
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tega.api import Op
from tega.client import Client
from tega.errors import Conflict
from unit.tega.serving import run, serving, until

CLIENTS = 6


async def add_one(db: Client, path: str) -> bool:
    """Count up; False when somebody was faster."""
    try:
        async with db.transaction() as txn:
            entry = await txn.get(path)
            txn.put(path, (entry.value if entry else 0) + 1)
    except Conflict:
        return False
    return True


async def actor(db: Client, seed: int, done: dict[str, int], steps: int) -> list[int]:
    dice = random.Random(seed)
    revs = []
    for _ in range(steps):
        root = dice.choice("rs")
        match dice.randrange(8):
            case 0 | 1 | 2:
                tries = 1
                while not await add_one(db, f"{root}.count"):
                    tries += 1
                done[root] += 1
            case 3:
                revs.append((await db.put(f"{root}.k{dice.randrange(3)}", dice.random())).rev)
            case 4:
                await db.delete(f"{root}.k{dice.randrange(3)}")
            case 5:
                await db.merge("other", {f"m{seed}": {"x": dice.randrange(5)}})
            case 6:
                db.wire.abort()
                revs.append(await db.head())
            case 7:
                txid = (await db.ask("begin"))["txid"]
                await db.ask("put", path="other.held", value=seed, txid=txid)
                with contextlib.suppress(Conflict):
                    revs.append((await db.ask("commit", txid=txid))["rev"])
    return revs


@pytest.mark.parametrize("seed", range(4))
def test_any_interleaving_keeps_the_promises(seed: int) -> None:
    async def work() -> None:
        done = {"r": 0, "s": 0}
        async with serving() as server:
            clients = [await Client(server.url, name=f"c{i}").open() for i in range(CLIENTS)]
            watcher = await Client(server.url).open()
            seen = []

            async def watch(notices: Any) -> None:
                async for notice in notices:
                    seen.append(notice)

            notices = watcher.subscribe("", after=0)
            await notices.open()
            task = asyncio.create_task(watch(notices))
            actors = (actor(db, 100 * seed + i, done, 25) for i, db in enumerate(clients))
            for revs in await asyncio.gather(*actors):
                assert revs == sorted(revs), "what one client sees never goes back"
            log = await watcher.log(limit=10_000)
            await until(lambda: len(seen) == len(log), "the watcher has the log")
            assert [(n.rev, n.author, n.changes) for n in seen] == [
                (c.rev, c.author, changes) for c, changes in zip(log, with_what_went(log), strict=True)
            ]
            check_versions(log)
            for root, count in done.items():
                entry = await watcher.get(f"{root}.count")
                assert (entry.value if entry else 0) == count, "no update is lost"
            await check_rollback(watcher, log)
            task.cancel()
            for db in [*clients, watcher]:
                await db.close()

    run(work())


def with_what_went(log: Any) -> Iterator[Any]:
    """The changes of each commit, deletions with what stood there."""
    standing: dict[tuple[str, ...], Any] = {}
    for commit in log:
        changes = []
        for change in commit.changes:
            if change.op is Op.DELETE:
                change = change._replace(value=standing.pop(change.path, None))
            else:
                standing[change.path] = change.value
            changes.append(change)
        yield tuple(changes)


def check_versions(log: Any) -> None:
    versions: dict[str, int] = {}
    for place, commit in enumerate(log):
        assert commit.rev == place + 1
        for root, version in commit.roots.items():
            assert version == versions.get(root, 0) + 1
            versions[root] = version


async def check_rollback(db: Client, log: Any) -> None:
    middle = log[len(log) // 2].rev
    before = (await db.get(at=middle)).value
    await db.rollback(None, middle)
    assert (await db.get()).value == before
