"""The shell at a terminal: a prompt with completion of commands and paths, and history."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.history import FileHistory
from prompt_toolkit.patch_stdout import patch_stdout

from tega.errors import StoreError
from tega.paths import format_path, parse_path
from tega.shell.commands import ALIASES, COMMANDS, Quit, Shell

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document

    from tega.client import Client


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
    parent, _, start = text.rpartition(".")
    try:
        path = parse_path(parent)
        names = await db.children(path)
    except (StoreError, ValueError):
        return []
    return [format_path((*path, name)) for name in names if name.startswith(start.strip('"'))]


async def interact(db: Client, *, json: bool) -> None:
    """Prompt until the user leaves."""
    session: PromptSession[str] = PromptSession(history=FileHistory(str(_history_file())))
    values: PromptSession[str] = PromptSession()

    async def ask() -> str:
        lines = []
        while line := await values.prompt_async(""):
            lines.append(line)
        return "\n".join(lines)

    completer = PathCompleter(db)
    with patch_stdout():
        shell = Shell(db, print, ask, json=json)
        print("tega-cli: help lists the commands, quit leaves")
        number = 0
        while await _one_line(shell, session, completer, number):
            number += 1
        await shell.close()


async def _one_line(shell: Shell, session: PromptSession[str], completer: Completer, number: int) -> bool:
    """Read and run a line; False when the user leaves."""
    mark = "*" if shell.txid else ""
    try:
        line = await session.prompt_async(f"[tega: {number}{mark}] ", completer=completer)
    except EOFError:
        return False
    except KeyboardInterrupt:
        return True
    running = asyncio.ensure_future(shell.run(line))
    try:
        await running
    except Quit:
        return False
    except (KeyboardInterrupt, EOFError):
        running.cancel()
    except StoreError as error:
        print(f"error: {error}")
    return True


def _history_file() -> Path:
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    (state / "tega").mkdir(parents=True, exist_ok=True, mode=0o700)
    return state / "tega" / "history"
