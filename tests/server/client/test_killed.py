"""Clients and servers that are killed, as processes of their own."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from functools import partial
from typing import Any

import pytest

from tega.api import Op
from tega.client import Client
from unit.tega.serving import process, run, serving, until

CLIENT = """
import asyncio, sys
from tega.client import Client
async def main():
    db = await Client(sys.argv[1], name="mortal", ttl=1.0).open()
    await db.put("hosts.mortal", {"up": True}, ephemeral=True)
    await db.offer("f.mortal", lambda: 1)
    print("ready", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.mark.parametrize("death", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.slow)])
def test_what_hangs_on_a_client_goes_when_it_is_killed_or_stands_still(death: Any) -> None:
    """SIGSTOP leaves the TCP connection open and silent, as a host that lost its power does."""

    async def work() -> None:
        async with serving() as server, Client(server.url) as db:
            mortal = await asyncio.create_subprocess_exec(
                sys.executable, "-c", CLIENT, server.url, stdout=asyncio.subprocess.PIPE
            )
            try:
                await asyncio.wait_for(mortal.stdout.readline(), 10)
                assert await db.call("f.mortal") == 1
                async with db.subscribe("hosts") as notices:
                    os.kill(mortal.pid, death)
                    start = time.monotonic()
                    notice = await asyncio.wait_for(anext(notices), 5)
                    assert time.monotonic() - start < 2.5, "within the time-to-live and a look around"
                    assert notice.changes[0].op is Op.DELETE
                assert await db.get("hosts.mortal") is None
                assert "mortal" not in await db.ask("ids")
            finally:
                with contextlib.suppress(ProcessLookupError):
                    mortal.kill()
                await mortal.wait()

    run(work())


@pytest.mark.slow
def test_killing_the_server_loses_nothing_acknowledged_and_watchers_see_the_log() -> None:
    async def work() -> None:
        async with process() as one, Client(one.url, name="w") as db, Client(one.url) as watcher:
            seen: list[tuple[int, int]] = []
            acknowledged: list[tuple[int, int]] = []

            async def watch(notices: Any) -> None:
                async for notice in notices:
                    seen.append((notice.rev, notice.changes[0].value))

            def acknowledged_more_than(number: Any) -> bool:
                return len(acknowledged) > number

            async def write() -> None:
                for i in range(300):
                    commit = await db.put("a", i)
                    acknowledged.append((commit.rev, i))

            async with watcher.subscribe("a", after=0) as notices:
                tasks = [asyncio.create_task(watch(notices)), asyncio.create_task(write())]
                for mark in (50, 120, 220):
                    await until(partial(acknowledged_more_than, mark))
                    await one.end(signal.SIGKILL)
                    await one.restart()
                await asyncio.wait_for(tasks[1], 30)
                await until(lambda: len(seen) >= 300)
                tasks[0].cancel()
                log = [(c.rev, c.changes[0].value) for c in await db.log("a", limit=1000)]
                assert [value for _, value in log] == list(range(300)), "each once, in order"
                assert set(acknowledged) <= set(log)
                assert seen == log

    run(work())
