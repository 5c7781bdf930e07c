import pytest

from tega.client.blocking import BlockingClient, connect
from tega.errors import Conflict
from tega.protocol.errors import Disconnected
from unit.tega.serving import run, serving


def test_code_without_an_event_loop_has_everything() -> None:
    import asyncio

    async def work() -> None:
        async with serving() as server:
            await asyncio.to_thread(use, server.url)

    run(work())


def late(db: BlockingClient) -> None:
    with db.transaction() as txn:
        txn.get("a.b")
        db.put("a.b", 5)
        txn.put("a.b", 6)


def use(url: str) -> None:
    with connect(url, name="sync") as db:
        assert db.name == "sync"
        assert db.put("a.b", 1).rev == 1
        assert db.get("a").value == {"b": 1}
        with db.transaction() as txn:
            txn.put("a.c", txn.get("a.b").value + 1)
        assert txn.committed.rev == 2
        with pytest.raises(Conflict):
            late(db)
        assert [one.rev for one in db.history()] == [1, 2, 3]
        with db.subscribe("a", after=1) as notices:
            assert [next(notices).rev for _ in range(2)] == [2, 3]
        db.offer("f", lambda: db.get("a.b").value)
        assert db.call("f") == 5
        db.close()
        db.close()
        with pytest.raises(Disconnected, match="was closed"):
            db.put("a.b", 1)
    with pytest.raises(Disconnected):
        connect("127.0.0.1:1")
