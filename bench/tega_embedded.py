"""The embedded store by numbers: medians, in microseconds unless said otherwise.

    python bench/tega_embedded.py [--directory DIR] [--quick]

DIR should be on the disk that matters; the time of one fsync there is
printed, as ``full`` cannot be faster.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from statistics import median

from tega.api import Change, Op
from tega.database import Database, open_database

ROWS: list[tuple[str, str, str]] = []


def row(what: str, value: float, unit: str, target: str = "") -> None:
    ROWS.append((what, f"{value:,.3f} {unit}" if value < 100 else f"{value:,.0f} {unit}", target))
    print(f"{ROWS[-1][0]:<58} {ROWS[-1][1]:>16}   {target}", flush=True)


def timed(call: Callable[[int], object], count: int) -> float:
    """Median seconds of a call."""
    times = []
    for number in range(count):
        start = time.perf_counter()
        call(number)
        times.append(time.perf_counter() - start)
    return median(times)


def changes(number: int, paths: int) -> list[Change]:
    return [Change(Op.PUT, ("bench", f"n{number % 1000}", f"k{index}"), number) for index in range(paths)]


def fsync(directory: str, count: int) -> None:
    with open(os.path.join(directory, "fsync"), "wb", buffering=0) as file:

        def once(_: int) -> None:
            file.write(b"x" * 4096)
            os.fsync(file.fileno())

        row("fsync of 4 KiB appended", timed(once, count) * 1e3, "ms")


def commits(directory: str, durability: str, count: int, targets: tuple[str, str]) -> None:
    with open_database(os.path.join(directory, durability), durability=durability) as database:  # type: ignore[arg-type]
        one = timed(lambda n: database.commit(changes(n, 1)), count) * 1e3
        row(f"commit of one path, {durability}", one, "ms", targets[0])
        ten = timed(lambda n: database.commit(changes(n, 10)), count) * 1e3
        row(f"commit of ten paths, {durability}", ten, "ms", targets[1])


def transaction(directory: str, count: int) -> None:
    with open_database(os.path.join(directory, "txn"), durability="normal") as database:

        def once(number: int) -> None:
            with database.transaction() as txn:
                txn.get(("bench", "x"))
                txn.put(("bench", "x"), number)

        row("transaction: read, write, commit, normal", timed(once, count) * 1e3, "ms")


def writers(directory: str, durability: str, seconds: float, target: str) -> None:
    with open_database(os.path.join(directory, f"w-{durability}"), durability=durability) as database:  # type: ignore[arg-type]
        counts = [0] * 16
        end = time.perf_counter() + seconds

        def write(who: int) -> None:
            while time.perf_counter() < end:
                database.commit([Change(Op.PUT, (f"r{who}", f"k{counts[who] % 100}"), counts[who])])
                counts[who] += 1

        threads = [threading.Thread(target=write, args=(who,)) for who in range(16)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        row(
            f"16 writers (threads), {durability}",
            sum(counts) / (time.perf_counter() - start),
            "commits/s",
            target,
        )


def tasks(directory: str, durability: str, seconds: float) -> None:
    import asyncio

    from tega.aio.store import open_store

    async def run() -> float:
        store = await open_store(os.path.join(directory, f"t-{durability}"), durability=durability)  # type: ignore[arg-type]
        end = time.perf_counter() + seconds
        total = 0

        async def write(who: int) -> None:
            nonlocal total
            count = 0
            while time.perf_counter() < end:
                await store.put((f"r{who}", f"k{count % 100}"), count)
                count += 1
            total += count

        start = time.perf_counter()
        await asyncio.gather(*[write(who) for who in range(16)])
        rate = total / (time.perf_counter() - start)
        await store.close()
        return rate

    row(f"16 writers (asyncio tasks), {durability}", asyncio.run(run()), "commits/s")


def reads(directory: str, count: int) -> None:
    with open_database(os.path.join(directory, "reads"), durability="normal") as database:
        database.put("wide", {f"k{n}": {"x": n} for n in range(10_000)})
        row("get of a leaf", timed(lambda n: database.get(("wide", f"k{n}", "x")), count) * 1e6, "us")
        row("get of 10,000 nodes", timed(lambda _: database.get("wide"), 20) * 1e3, "ms")
        found = timed(lambda _: database.select(r"wide\.(k\d+5)\.x", regex=True), 10) * 1e3
        row("select by expression over 20,000 nodes", found, "ms")
        write = timed(lambda n: database.put(("wide", f"k{n}", "x"), n), count) * 1e3
        row("commit beside 10,000 siblings, normal", write, "ms")


def large(directory: str) -> None:
    with open_database(os.path.join(directory, "large"), durability="normal") as database:
        value = {f"node{n}": {f"key{k}": {"a": k, "b": "text"} for k in range(25)} for n in range(100)}
        row("put of 5,000 leaves at once", timed(lambda n: database.put("lab", value), 9) * 1e3, "ms")
        row("diff of two revisions, one leaf apart", _diff(database) * 1e3, "ms")
        row("roll-back over one leaf", _rollback(database) * 1e3, "ms")


def _diff(database: Database) -> float:
    head = database.head()
    database.put("lab.node5.key5.a", -1)
    return timed(lambda _: database.diff(head), 50)


def _rollback(database: Database) -> float:
    head = database.head()

    def once(_: int) -> None:
        database.put("lab.node5.key5.a", -2)
        database.rollback("lab", head)

    return timed(once, 20)


def restart(directory: str, count: int) -> None:
    where = os.path.join(directory, "restart")
    with open_database(where, durability="normal") as database:
        for start in range(0, count, 1000):
            requests = [
                database.request([Change(Op.PUT, ("r", f"n{n % 10_000}"), n)])
                for n in range(start, start + 1000)
            ]
            database.submit(*requests)

    def once(_: int) -> None:
        with open_database(where) as opened:
            assert opened.get("r.n5") is not None

    row(f"open with {count:,} commits and 10,000 nodes, read, close", timed(once, 9) * 1e3, "ms", "<= 200 ms")
    size = os.path.getsize(os.path.join(where, "tega.db")) / 1e6
    row("the same: database file", size, "MB")
    row("the same: memory of the process that has it open", _memory(where), "MB")
    row("memory of a process with an empty store", _memory(os.path.join(directory, "none")), "MB")


def million(directory: str, roots: int) -> None:
    """Opening takes the time of reading the file, as nodes are made when they are looked at."""
    where = os.path.join(directory, "million")
    value = {f"n{n}": {f"k{k}": {"a": k, "b": "text"} for k in range(33)} for n in range(100)}
    with open_database(where, durability="normal") as database:
        for number in range(roots):
            database.put((f"r{number}",), value)
        database.snapshot()

    def once(_: int) -> None:
        with open_database(where) as opened:
            assert opened.get("r5.n5.k5.a") is not None

    row(f"open with {roots / 100:,.1f} million nodes, read one, close", timed(once, 5) * 1e3, "ms")
    row("the same: memory of the process that has it open", _memory(where), "MB")


def _memory(where: str) -> float:
    code = (
        "import sys; from tega.database import open_database; d = open_database(sys.argv[1]); d.get('r.n5');"
        "print([l for l in open('/proc/self/status') if l.startswith('VmRSS')][0].split()[1])"
    )
    done = subprocess.run([sys.executable, "-c", code, where], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def command(directory: str, count: int) -> None:
    where = os.path.join(directory, "command")

    def process(code: str) -> float:
        return timed(lambda _: subprocess.run([sys.executable, "-c", code], check=True), count)

    bare = process("pass")
    row(
        "import of tega.database, over bare Python",
        (process("import tega.database, tega.engines.sqlite") - bare) * 1e3,
        "ms",
        "< 15 ms",
    )

    def once(number: int) -> None:
        with open_database(where) as database:
            database.put("a.b", number)

    row("open, one commit, close (full)", timed(once, count) * 1e3, "ms", "<= 10 ms")


def across(directory: str, count: int) -> None:
    """From a commit here to a process that waits for it."""
    where = os.path.join(directory, "across")
    code = (
        "import sys, time\nfrom tega.database import open_database\n"
        "d = open_database(sys.argv[1])\nrev = d.head()\n"
        "print('ready', flush=True)\n"
        "for _ in range(int(sys.argv[2])):\n"
        "    new = d.wait(rev, 10)\n    print(time.perf_counter_ns(), flush=True)\n    rev = new\n"
    )
    with open_database(where, durability="normal") as database:
        reader = subprocess.Popen(
            [sys.executable, "-c", code, where, str(count)], stdout=subprocess.PIPE, text=True
        )
        assert reader.stdout is not None
        reader.stdout.readline()
        times = []
        for number in range(count):
            begun = time.perf_counter_ns()
            database.put("a", number)
            times.append((int(reader.stdout.readline()) - begun) / 1e6)
        reader.wait()
        reader.stdout.close()
    row("from the call of put to another process, normal", median(times), "ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", help="where to work; a temporary folder by default")
    parser.add_argument("--quick", action="store_true", help="a tenth of the repetitions")
    options = parser.parse_args()
    scale = 10 if options.quick else 1
    directory = tempfile.mkdtemp(prefix="tega-bench-", dir=options.directory)
    try:
        fsync(directory, 1000 // scale)
        commits(directory, "normal", 5000 // scale, ("<= 0.06 ms", "<= 0.2 ms"))
        commits(directory, "full", 3000 // scale, ("<= 0.3 ms", "<= 0.4 ms"))
        transaction(directory, 3000 // scale)
        writers(directory, "normal", 3 / scale, ">= 15,000/s")
        writers(directory, "full", 3 / scale, ">= 15,000/s")
        tasks(directory, "normal", 3 / scale)
        tasks(directory, "full", 3 / scale)
        reads(directory, 2000 // scale)
        large(directory)
        across(directory, 1000 // scale)
        restart(directory, 100_000 // scale)
        million(directory, 100 // scale)
        command(directory, 40 // scale)
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
