"""How fast the tega server is: medians over loopback, and how much memory it takes.

    python bench/tega_server.py [--durability normal]

The server is a process of its own, subscriber and function owner are
another, the caller is this one: three processes, as in use.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tega.client import connect

LIMITS = {
    "put": 0.35,
    "transaction of ten": 0.5,
    "notification": 0.4,
    "notification beside topo": 0.4,
    "call": 0.4,
    "idle RSS": 40.0,
    "RSS with 10,000 nodes": 60.0,
}


@asynccontextmanager
async def server(data: Path, durability: str, *more: str):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import sys; from tega.server.main import main; sys.exit(main(sys.argv[1:]))",
        *("--data", str(data), "--listen", "127.0.0.1:0", "--durability", durability, *more),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    line = (await process.stdout.readline()).decode()
    try:
        yield process.pid, line.split()[-1]
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def helper(url: str):
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--helper", url, stdout=asyncio.subprocess.PIPE
    )
    await process.stdout.readline()
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def help_out(url: str) -> None:
    """The other process: offers a function, and answers each notice with the time at which it came."""
    async with connect(url, name="helper") as db:
        await db.offer("bench.f", lambda x: x)
        seen: list[float] = []
        await db.offer("bench.seen", lambda: [seen.pop(0) for _ in range(len(seen))])
        async with db.subscribe("watched") as notices:
            print("ready", flush=True)
            async for notice in notices:
                seen.append(time.time() - notice.time)


def rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)


async def median_ms(work: Callable[[int], Awaitable[object]], times: int = 2000) -> float:
    for i in range(200):
        await work(i)
    taken = []
    for i in range(times):
        start = time.perf_counter()
        await work(i)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1000


def show(what: str, value: float, unit: str) -> None:
    limit = LIMITS.get(what)
    verdict = "" if limit is None else f"   (limit {limit:g}) {'ok' if value <= limit else 'MISSED'}"
    print(f"{what:<26}{value:9.3f} {unit}{verdict}", flush=True)


async def ten(db, i: int) -> None:
    async with db.transaction() as txn:
        for key in range(10):
            txn.put(f"t.k{key}", i)


async def notification(db) -> float:
    for i in range(500):
        await db.put("watched.x", i)
    await db.call("bench.seen")
    for i in range(1000):
        await db.put("watched.x", i)
    await asyncio.sleep(0.2)
    return statistics.median(await db.call("bench.seen")) * 1000


async def notification_under_load(db, url: str) -> float:
    """The same while eight clients write as fast as they can."""
    load = asyncio.create_task(many_clients(url, 8, 3.0))
    for i in range(200):
        await db.put("watched.x", i)
    await load
    await asyncio.sleep(1.0)
    return statistics.median((await db.call("bench.seen"))[-200:]) * 1000


async def many_clients(url: str, clients: int, seconds: float) -> float:
    done = 0
    end = time.perf_counter() + seconds

    async def one(number: int) -> None:
        nonlocal done
        async with connect(url) as db:
            while time.perf_counter() < end:
                await db.put(f"c{number}.x", done)
                done += 1

    await asyncio.gather(*(one(number) for number in range(clients)))
    return done / seconds


async def fill(db, nodes: int) -> None:
    for start in range(0, nodes, 1000):
        async with db.transaction() as txn:
            for i in range(start, start + 1000):
                txn.put(f"big.n{i // 100}.k{i}", {"address": f"10.0.{i // 256}.{i % 256}", "up": True})


async def run(durability: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory)
        async with server(data, durability) as (pid, url):
            await asyncio.sleep(0.5)
            show("idle RSS", rss_mb(pid), "MB")
            async with connect(url) as db, helper(url):
                show("put", await median_ms(lambda i: db.put("a.b.c", i)), "ms")
                show("get", await median_ms(lambda i: db.get("a.b.c")), "ms")
                show("transaction of ten", await median_ms(lambda i: ten(db, i)), "ms")
                show("notification", await notification(db), "ms")
                show("call", await median_ms(lambda i: db.call("bench.f", i)), "ms")
                show("puts/s, 16 clients", await many_clients(url, 16, 3.0), "/s   (limit 5000)")
            show("RSS after all that", rss_mb(pid), "MB")
        await beside_a_pattern(data / "pattern", durability)
        await nodes(data / "fresh", durability)


async def beside_a_pattern(data: Path, durability: str) -> None:
    """A plugin that subscribes to a regular expression is to cost the others nothing."""
    for plugins in ((), ("--enable", "topo")):
        async with server(data, durability, *plugins) as (_, url), connect(url) as db, helper(url):
            await fill(db, 2000)
            beside = " beside topo" if plugins else ""
            show(f"notification{beside}", await notification(db), "ms")
            show(f"  under load{beside}", await notification_under_load(db, url), "ms")


async def nodes(data: Path, durability: str) -> None:
    async with server(data, durability) as (pid, url), connect(url) as db:
        await fill(db, 10_000)
        await asyncio.sleep(0.5)
        show("RSS with 10,000 nodes", rss_mb(pid), "MB")
    start = time.perf_counter()
    async with server(data, durability) as (pid, url):
        show("start again, 10,000 nodes", time.perf_counter() - start, "s")
        show("RSS then", rss_mb(pid), "MB")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--durability", default="full", choices=("full", "normal"))
    parser.add_argument("--helper")
    options = parser.parse_args()
    asyncio.run(help_out(options.helper) if options.helper else run(options.durability))


if __name__ == "__main__":
    main()
