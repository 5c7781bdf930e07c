"""The shell at a terminal: a prompt with completion of commands and paths, and history."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.history import FileHistory, InMemoryHistory
from prompt_toolkit.patch_stdout import patch_stdout

from tega.errors import StoreError
from tega.paths import format_path, parse_path
from tega.shell.base import Quit
from tega.shell.commands import ALIASES, COMMANDS
from tega.shell.lines import UsageError
from tega.shell.shell import Shell
from tega.shell.show import printable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document
    from prompt_toolkit.history import History

    from tega.client import Client

PATIENCE_S: Final = 1.0
"""After so long a line shows that the server is waited for."""
REFRESH_S: Final = 0.5
"""How often the prompt looks whether there is a server."""


class PathCompleter(Completer):
    """Completes the first word to a command and the second to a path that is in the tree."""

    def __init__(self, db: Client) -> None:
        self._db = db

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        return ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        before = document.text_before_cursor.lstrip()
        name, space, rest = before.partition(" ")
        if not space:
            for command in COMMANDS:
                if command.startswith(name):
                    yield Completion(command + " ", -len(name))
            if "." not in name:
                return
            rest = name
        elif not _wants_path(name) or " " in rest.strip():
            return
        for path in await complete_path(self._db, rest.strip()):
            yield Completion(path, -len(rest))


def _wants_path(name: str) -> bool:
    command = COMMANDS.get(ALIASES.get(name, name))
    return command is not None and command.takes_path


async def complete_path(db: Client, text: str) -> list[str]:
    """Return the paths one level below what is typed that begin with it."""
    if not db.connected:
        return []
    parent, _, start = text.rpartition(".")
    try:
        path = parse_path(parent)
        names = await db.children(path)
    except (StoreError, ValueError):
        return []
    return [format_path((*path, name)) for name in names if name.startswith(start.strip('"'))]


async def interact(db: Client, *, json: bool) -> None:
    """Prompt until the user leaves."""
    prompter = Prompter(db)
    with patch_stdout(), Interrupts() as interrupts:
        shell = Shell(db, print, prompter.value, json=json)
        print("tega-cli: help lists the commands, quit leaves")
        try:
            while (line := await prompter.line(shell)) is not None:
                if not await interrupts.run(shell, line):
                    break
        finally:
            await shell.close()


class Prompter:
    """Reads what is typed: lines with completion and history, and the lines of a value."""

    def __init__(self, db: Client) -> None:
        self._db = db
        self._number = 0
        self._completer = PathCompleter(db)
        self._lines: PromptSession[str] = PromptSession(
            history=_history(),
            complete_while_typing=False,  # a question to the server per key, during which Tab does nothing
            refresh_interval=REFRESH_S,
        )
        self._values: PromptSession[str] = PromptSession()

    async def line(self, shell: Shell) -> str | None:
        """Return the next line, empty where it was dropped by Ctrl-C; None at the end, Ctrl-D."""

        def prompt() -> str:
            away = "" if self._db.connected else ", no server"
            return f"[tega: {self._number}{'*' if shell.txid else ''}{away}] "

        try:
            line = await self._lines.prompt_async(prompt, completer=self._completer)
        except EOFError:
            return None
        except KeyboardInterrupt:
            line = ""
        self._number += 1
        return line

    async def value(self) -> str:
        """Return the lines of a value, up to an empty one or Ctrl-D.

        Raises:
            UsageError: There are none, or Ctrl-C was pressed.
        """
        lines = []
        try:
            while line := await self._values.prompt_async(""):
                lines.append(line)
        except EOFError:
            pass
        except KeyboardInterrupt:
            lines.clear()
        if not lines:
            raise UsageError("no value, so nothing was done; `null` is one")
        return "\n".join(lines)


class Interrupts:
    """Ctrl-C outside of a prompt, which has its own way: it ends the line that runs, never the shell."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running: asyncio.Future[None] | None = None

    def __enter__(self) -> Interrupts:
        self._before = signal.signal(signal.SIGINT, lambda *_: self._loop.call_soon_threadsafe(self._cancel))
        return self

    def __exit__(self, *error: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _cancel(self) -> None:
        if self._running is not None:
            self._running.cancel()

    async def run(self, shell: Shell, line: str) -> bool:
        """Run a line; False when the user leaves."""
        self._running = running = asyncio.ensure_future(shell.run(line))
        try:
            await _patiently(shell, running)
        except Quit:
            return False
        except StoreError as error:
            print(printable(f"error: {error}"))
        except asyncio.CancelledError:
            if not running.cancelled():
                raise
            print("interrupted; what the server was asked for may still be done")
        finally:
            self._running = None
        return True


async def _patiently(shell: Shell, running: asyncio.Future[None]) -> None:
    """Wait for a line's end, and say so where it is the server that is waited for."""
    await asyncio.wait({running}, timeout=PATIENCE_S)
    if not running.done() and not shell.db.connected:
        print("there is no connection to the server; waiting for it, Ctrl-C gives up")
    await running


def _history() -> History:
    """The lines typed before, kept in a file where there can be one."""
    try:
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        (state / "tega").mkdir(parents=True, exist_ok=True, mode=0o700)
        file = state / "tega" / "history"
        file.open("ab").close()
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home at all
        print(f"no history is kept: {error}")
        return InMemoryHistory()
    return FileHistory(str(file))
