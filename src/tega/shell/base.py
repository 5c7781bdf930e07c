"""What a command is, and what several of them need."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tega.shell.lines import UsageError, words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tega.shell.shell import Shell


class Command(NamedTuple):
    """One command of the shell."""

    usage: str
    help: str
    run: Callable[[Shell, str], Awaitable[None]]
    takes_path: bool = False


class Quit(Exception):  # noqa: N818 - it says what happens
    """The user wants to leave."""


def only(line: str, usage: str, least: int = 1, most: int = 1) -> list[str]:
    found = words(line)
    if not least <= len(found) <= most:
        raise UsageError(f"usage: {usage}")
    return found + [""] * (most - len(found))
