"""Commands of channels and subscriptions, and of the server itself."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tega.shell import show
from tega.shell.base import only
from tega.shell.lines import UsageError, parse_number, parse_value, split_word, words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tega.shell.shell import Shell


async def sub(shell: Shell, line: str) -> None:
    (name,) = only(line, "sub PATH")
    await shell.subscribe(name, regex=False)


async def subr(shell: Shell, line: str) -> None:
    (name,) = only(line, "subr REGEX")
    await shell.subscribe(name, regex=True)


async def unsub(shell: Shell, line: str) -> None:
    (name,) = only(line, "unsub PATH or unsub *")
    names = list(shell.streams) if name == "*" else [name]
    for one in names:
        await shell.unsubscribe(one)


async def pub(shell: Shell, line: str) -> None:
    channel, rest = split_word(line)
    if not channel:
        raise UsageError("usage: pub CHANNEL [VALUE]")
    reached = await shell.db.publish(channel, await shell.value(rest))
    if shell.json:
        shell.show({"reached": reached})


# -- the server -------------------------------------------------------------


def listing(op: str) -> Callable[[Shell, str], Awaitable[None]]:
    async def run(shell: Shell, line: str) -> None:
        only(line, op, 0, 0)
        shell.show(await shell.db.ask(op))

    return run


async def own_name(shell: Shell, line: str) -> None:
    shell.show(shell.db.name)


async def compact(shell: Shell, line: str) -> None:
    (before,) = only(line, "compact REVISION")
    await shell.db.compact(parse_number(before, "a revision"))


async def export(shell: Shell, line: str) -> None:
    found = [word for word in words(line) if word != "--history"]
    if len(found) > 1:
        raise UsageError("usage: export [FILE] [--history]")
    if found and _is_yaml(found[0]) and "--history" in words(line):
        raise UsageError(
            f"{found[0]}: YAML has the tree alone; export the history into a file of another name"
        )
    lines = [one.decode().rstrip("\n") async for one in shell.db.export(history="--history" in words(line))]
    if not found:
        for one in lines:
            (shell.write if sys.stdout.isatty() else shell.write_as_is)(one)
        return
    text = "".join(f"{one}\n" for one in lines)
    if _is_yaml(found[0]):
        from tega.transfer.lines import read_export

        text = show.as_text(read_export(one.encode() for one in lines)[1]) + "\n"
    try:
        await asyncio.to_thread(Path(found[0]).write_text, text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{found[0]}: {error}") from error


async def import_(shell: Shell, line: str) -> None:
    flags = {word for word in words(line) if word.startswith("--")}
    files = [word for word in words(line) if not word.startswith("--")]
    if len(files) != 1 or flags - {"--replace", "--history", "--dry-run"} or len(flags - {"--dry-run"}) > 1:
        raise UsageError("usage: import FILE [--replace | --history] [--dry-run]")
    try:
        text = await asyncio.to_thread(Path(files[0]).read_text, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{files[0]}: {error}") from error
    mode = next((mode for mode in ("replace", "history") if f"--{mode}" in flags), "merge")
    lines = _lines_of_yaml(files[0], text) if _is_yaml(files[0]) else text.split("\n")
    fields = {"lines": lines, "mode": mode, "dry_run": "--dry-run" in flags}
    done = await shell.db.ask("import", **fields)
    shell.show({"rev": done["rev"], "changes": done["changes"]})


def _is_yaml(file: str) -> bool:
    return file.endswith((".yaml", ".yml"))


def _lines_of_yaml(file: str, text: str) -> list[str]:
    from tega.transfer.lines import tree_lines

    tree = parse_value(text)
    if not isinstance(tree, dict):
        raise UsageError(f"{file}: wants a mapping with the roots on top")
    return [one.decode().rstrip("\n") for one in tree_lines(tree)]
