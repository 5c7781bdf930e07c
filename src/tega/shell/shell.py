"""The shell: runs lines against one client, and writes what comes of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tega.paths import parse_path
from tega.protocol.errors import NotFound
from tega.shell import show
from tega.shell.commands import ALIASES, COMMANDS
from tega.shell.lines import UsageError, parse_call, parse_value, split_word

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tega.api import Commit, Difference
    from tega.client import Client
    from tega.client.events import Stream


class Shell:
    """Runs lines against one client.

    Args:
        db: The client.
        write: Where output goes, a line or more at a time, without the newline.
        ask: Reads a value that was not on the line: YAML up to an empty line.
        json: Write JSON, one value a line.
    """

    def __init__(
        self,
        db: Client,
        write: Callable[[str], None],
        ask: Callable[[], Awaitable[str]],
        *,
        json: bool = False,
    ) -> None:
        self.db = db
        self.txid: str | None = None
        self.streams: dict[str, list[tuple[Stream[Any], asyncio.Task[None]]]] = {}
        self.write_as_is = write
        """For what programs read: an export has a checksum."""
        self._ask = ask
        self.json = json

    async def run(self, line: str) -> None:
        """Run one line.

        Raises:
            UsageError: It cannot be understood.
            StoreError: The server refused it, or cannot be reached.
            Quit: The user wants to leave.
        """
        name, rest = split_word(line)
        if not name or name.startswith("#"):
            return
        command = COMMANDS.get(ALIASES.get(name, name))
        if command is None:
            await self._call(name, line)
            return
        try:
            await command.run(self, rest)
        except NotFound:
            await self._forget_what_is_gone()
            raise

    async def _call(self, name: str, line: str) -> None:
        call = parse_call(line)
        if call is None:
            raise UsageError(f"there is no command {name}; `help` lists them")
        self.show(await self.db.call(call.path, *call.args, timeout=60.0, **call.kwargs))

    async def _forget_what_is_gone(self) -> None:
        """Have no transaction open that the server knows no more: it was left idle, or the server ended."""
        if self.txid is None:
            return
        try:
            await self.db.ask("cand", txid=self.txid)
        except NotFound:
            self.txid = None

    async def close(self) -> None:
        """End the subscriptions."""
        for name in list(self.streams):
            await self.unsubscribe(name)

    # -- output --------------------------------------------------------------

    def write(self, text: str) -> None:
        self.write_as_is(show.printable(text))

    def show(self, value: Any, *, always: bool = False) -> None:
        """Write a value; None is written only where it is an answer."""
        if value is None and not always:
            return
        self.write(show.as_json(value) if self.json else show.as_text(value))

    def show_commit(self, commit: Commit | None) -> None:
        if commit is not None and self.json:
            self.write(show.as_json({"rev": commit.rev, "roots": dict(commit.roots)}))

    def show_log(self, commits: list[Commit]) -> None:
        for commit in commits:
            self.write(show.as_json(show.commit_fields(commit)) if self.json else show.commit_line(commit))

    def show_differences(self, differences: list[Difference]) -> None:
        for one in differences:
            self.write(show.as_json(show.difference_fields(one)) if self.json else show.difference_line(one))

    def show_event(self, event: Any) -> None:
        self.write(show.as_json(show.event_fields(event)) if self.json else show.event_text(event))

    # -- input ---------------------------------------------------------------

    async def value(self, rest: str) -> Any:
        """The value on the line, or on the lines that follow."""
        return parse_value(rest or await self._ask())

    # -- subscriptions -------------------------------------------------------

    async def subscribe(self, name: str, *, regex: bool) -> None:
        """Watch a path and listen to the channel of that name."""
        if name in self.streams:
            return
        streams: list[Stream[Any]] = [self.db.listen(name, regex=regex)]
        if regex or _is_path(name):
            streams.insert(0, self.db.subscribe(name, regex=regex))
        for stream in streams:
            await stream.open()
        self.streams[name] = [(stream, asyncio.create_task(self._print(stream))) for stream in streams]

    async def _print(self, stream: Stream[Any]) -> None:
        async for event in stream:
            self.show_event(event)

    async def ended(self) -> None:
        """Wait until a subscription ends by itself.

        Raises:
            StoreError: The server takes this client no more.
        """
        tasks = [task for streams in self.streams.values() for _, task in streams]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def unsubscribe(self, name: str) -> None:
        for stream, task in self.streams.pop(name, []):
            await stream.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _is_path(text: str) -> bool:
    try:
        return bool(parse_path(text))
    except ValueError:
        return False
