"""Real servers for the tests: in this process on a free port, or as a process of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from tega.client import Client
from tega.database import Database
from tega.engines.memory import MemoryLog
from tega.hub import FULL, Connection, Hub
from tega.hub.operations import standard_operations
from tega.hub.store import HubStore
from tega.server.app import Server

DEADLINE_S = 10.0


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a test's coroutine; one that hangs fails."""

    async def bounded() -> Any:
        return await asyncio.wait_for(work, 60)

    return asyncio.run(bounded())


async def until(
    condition: Callable[[], Any], what: str = "the condition", seconds: float = DEADLINE_S
) -> Any:
    """Wait until a condition holds and return what it gave; the loop turns meanwhile."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {seconds:g} s")
        await asyncio.sleep(0.005)


def memory_store() -> HubStore:
    return HubStore(Database(MemoryLog()))


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[Server]:
    """A server over a store in memory."""
    plugins = options.pop("enable", ())
    folders = options.pop("folders", ())
    settings = options.pop("settings", None)
    installed = options.pop("installed", None)
    store = options.pop("store", None) or memory_store()
    server = Server(store, port=0, **options)
    server.use_plugins(plugins, folders, settings, installed)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
        await store.close()


@asynccontextmanager
async def served(**options: Any) -> AsyncIterator[Client]:
    """A client of a server of its own."""
    async with serving(**options) as server, Client(server.url, name="me") as db:
        yield db


class Inbox:
    """The far end of a connection: keeps what it was sent; full when set so."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.full = False
        self.full_after: str | None = None
        """A kind of push after which it is full."""
        self.closed: str | None = None
        self.paused = False

    def send(self, message: Mapping[str, Any]) -> None:
        self.messages.append(msgspec.json.decode(msgspec.json.encode(message)))
        self.full = self.full or (self.full_after is not None and message.get("push") == self.full_after)

    def close(self, reason: str) -> None:
        self.closed = reason

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def pushes(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message.get("push") == kind]

    def answer(self, number: int) -> dict[str, Any] | None:
        return next((m for m in self.messages if m.get("id") == number and "push" not in m), None)


class Talker:
    """A session over a connection, without any transport."""

    def __init__(self, hub: Hub, access: Any = FULL, **hello: Any) -> None:
        self.inbox = Inbox()
        self.connection = Connection(hub, self.inbox, access, "test")
        self._number = 0
        self.send(op="hello", **hello)

    def send(self, **message: Any) -> int:
        self._number += 1
        self.connection.receive(msgspec.json.encode({"id": self._number, **message}))
        return self._number

    async def ask(self, **message: Any) -> Any:
        """Return the answer's `ok`, or its `error` as a dict with `code`."""
        answer = await self.answered(self.send(**message), f"the answer to {message}")
        return answer["ok"] if "ok" in answer else answer["error"]

    async def answered(self, number: int, what: str = "the answer") -> dict[str, Any]:
        """Return the answer to a request, once it is there."""
        answer: dict[str, Any] = await until(lambda: self.inbox.answer(number), what)
        return answer

    def greeting(self) -> dict[str, Any]:
        """Return the answer to the hello, which is there at once."""
        answer = self.inbox.answer(1)
        assert answer is not None
        return answer

    def revs(self) -> list[int]:
        return [commit["rev"] for push in self.inbox.pushes("commits") for commit in push["commits"]]

    def changes(self) -> list[tuple[str, str, Any]]:
        return [
            (change["op"], change["path"], change["value"])
            for push in self.inbox.pushes("commits")
            for commit in push["commits"]
            for change in commit["changes"]
        ]


@asynccontextmanager
async def hubbing(clock: Callable[[], float] = time.monotonic) -> AsyncIterator[Hub]:
    """A hub over a store in memory."""
    store = memory_store()
    hub = Hub(store, clock, standard_operations())
    try:
        await hub.start()
        yield hub
    finally:
        await hub.stop()
        await store.close()


class Process:
    """A `tega-server` of its own."""

    def __init__(self, data: Path, *options: str) -> None:
        self._arguments = ["--data", str(data), *options]
        self._process: asyncio.subprocess.Process | None = None
        self.url = ""

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self, listen: str = "127.0.0.1:0") -> str:
        code = "import sys; from tega.server.main import main; sys.exit(main(sys.argv[1:]))"
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, *self._arguments, "--listen", listen, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), DEADLINE_S)
        assert line, "the server did not start"
        self.url = line.decode().split()[-1]
        return self.url

    async def restart(self) -> None:
        await self.start(self.url.partition("://")[2])

    async def end(self, number: int = signal.SIGTERM) -> int:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        code = await asyncio.wait_for(self._process.wait(), DEADLINE_S)
        # the pipe's transport closes with the process; let the loop see it
        self._process._transport.close()  # type: ignore[attr-defined]
        return code


@asynccontextmanager
async def process(*options: str, data: Path | None = None) -> AsyncIterator[Process]:
    with tempfile.TemporaryDirectory() as made:
        one = Process(data or Path(made) / "db", *options)
        await one.start()
        try:
            yield one
        finally:
            await one.end(signal.SIGTERM)


def rss_mb(pid: int | None = None) -> float:
    with open(f"/proc/{pid or os.getpid()}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
