"""What can be typed, as a table, and what each does with a client."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tega.paths import parse_path
from tega.protocol.answers import difference_of
from tega.protocol.errors import NotFound
from tega.shell import show
from tega.shell.lines import UsageError, parse_call, parse_number, parse_value, split_word, words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tega.api import Commit, Difference
    from tega.client import Client
    from tega.client.events import Stream


class Command(NamedTuple):
    """One command of the shell."""

    usage: str
    help: str
    run: Callable[[Shell, str], Awaitable[None]]
    takes_path: bool = False


class Quit(Exception):  # noqa: N818 - it says what happens
    """The user wants to leave."""


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
        self._json = json

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

    def _write(self, text: str) -> None:
        self.write_as_is(show.printable(text))

    def show(self, value: Any, *, always: bool = False) -> None:
        """Write a value; None is written only where it is an answer."""
        if value is None and not always:
            return
        self._write(show.as_json(value) if self._json else show.as_text(value))

    def show_commit(self, commit: Commit | None) -> None:
        if commit is not None and self._json:
            self._write(show.as_json({"rev": commit.rev, "roots": dict(commit.roots)}))

    def show_log(self, commits: list[Commit]) -> None:
        for commit in commits:
            self._write(show.as_json(show.commit_fields(commit)) if self._json else show.commit_line(commit))

    def show_differences(self, differences: list[Difference]) -> None:
        for one in differences:
            self._write(
                show.as_json(show.difference_fields(one)) if self._json else show.difference_line(one)
            )

    def show_event(self, event: Any) -> None:
        self._write(show.as_json(show.event_fields(event)) if self._json else show.event_text(event))

    # -- input ---------------------------------------------------------------

    async def value(self, rest: str) -> Any:
        """The value on the line, or on the lines that follow."""
        return parse_value(rest or await self._ask())

    # -- subscriptions -------------------------------------------------------

    async def subscribe(self, name: str, *, regex: bool) -> None:
        """Watch a path and hear the channel of that name."""
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


def _only(line: str, usage: str, least: int = 1, most: int = 1) -> list[str]:
    found = words(line)
    if not least <= len(found) <= most:
        raise UsageError(f"usage: {usage}")
    return found + [""] * (most - len(found))


# -- reading ----------------------------------------------------------------


async def _get(shell: Shell, line: str) -> None:
    path, version = _only(line, "get PATH [VERSION | @REVISION]", 0, 2)
    found = await _read(shell, path, version)
    shell.show(found["value"], always=True)


async def _geta(shell: Shell, line: str) -> None:
    path, version = _only(line, "geta PATH [VERSION | @REVISION]", 0, 2)
    shell.show(await _read(shell, path, version))


async def _read(shell: Shell, path: str, version: str) -> dict[str, Any]:
    found = await shell.db.ask("get", path=path, txid=shell.txid, **_when(version))
    if found is None:
        raise NotFound(f"nothing is at {path or 'the root: the tree is empty'}")
    shown: dict[str, Any] = found
    return shown


def _when(version: str) -> dict[str, int]:
    if version.startswith("@"):
        return {"at": parse_number(version[1:], "a revision")}
    if not version:
        return {}
    return {"root_version": parse_number(version, "a version")}


async def _getr(shell: Shell, line: str) -> None:
    (pattern,) = _only(line, "getr REGEX")
    found = await shell.db.ask("select", pattern=pattern, regex=True)
    shell.show({one["path"]: {"groups": one["groups"], "instance": one["value"]} for one in found})


async def _log(shell: Shell, line: str) -> None:
    path, limit = _only(line, "log [PATH] [LIMIT]", 0, 2)
    if path.isdecimal() and not limit:
        path, limit = "", path
    shell.show_log(await shell.db.log(path, limit=parse_number(limit or "20", "a limit")))


async def _diff(shell: Shell, line: str) -> None:
    found = words(line)
    revs = [int(word) for word in found if word.isdecimal()]
    paths = [word for word in found if not word.isdecimal()]
    if len(revs) > 2 or len(paths) > 1:
        raise UsageError("usage: diff [REVISION [REVISION]] [PATH]")
    head = await shell.db.head()
    before = revs[0] if revs else max(head - 1, 0)
    after = revs[1] if len(revs) == 2 else None
    shell.show_differences(await shell.db.diff(before, after, paths[0] if paths else ()))


# -- writing ----------------------------------------------------------------


async def _put(shell: Shell, line: str, *, ephemeral: bool = False) -> None:
    path, rest = split_word(line)
    if not path:
        raise UsageError("usage: put PATH [VALUE]; without a value, YAML on the following lines")
    value = await shell.value(rest)
    if shell.txid is not None:
        await shell.db.ask("put", path=path, value=value, ephemeral=ephemeral, txid=shell.txid)
    else:
        shell.show_commit(await shell.db.put(path, value, ephemeral=ephemeral))


async def _pute(shell: Shell, line: str) -> None:
    await _put(shell, line, ephemeral=True)


async def _merge(shell: Shell, line: str) -> None:
    path, rest = split_word(line)
    if not path:
        raise UsageError("usage: merge PATH [MAPPING]")
    value = await shell.value(rest)
    if not isinstance(value, dict):
        raise UsageError("only a mapping can be merged")
    if shell.txid is not None:
        await shell.db.ask("merge", path=path, value=value, txid=shell.txid)
    else:
        shell.show_commit(await shell.db.merge(path, value))


async def _delete(shell: Shell, line: str) -> None:
    (path,) = _only(line, "delete PATH")
    if shell.txid is not None:
        await shell.db.ask("delete", path=path, txid=shell.txid)
    else:
        shell.show_commit(await shell.db.delete(path))


async def _begin(shell: Shell, line: str) -> None:
    if shell.txid is not None:
        raise UsageError("a transaction is open: commit or cancel it first")
    begun = await shell.db.ask("begin", message=line)
    shell.txid = begun["txid"]
    shell.show({"txid": begun["txid"], "base": begun["base"]})


async def _cand(shell: Shell, line: str) -> None:
    found = await shell.db.ask("cand", txid=_open(shell))
    shell.show_differences([difference_of(one) for one in found])


async def _commit(shell: Shell, line: str) -> None:
    txid, shell.txid = _open(shell), None
    done = await shell.db.ask("commit", txid=txid)
    shell.show({"rev": done["rev"], "roots": done["roots"]} if done else None)


async def _cancel(shell: Shell, line: str) -> None:
    txid, shell.txid = _open(shell), None
    await shell.db.ask("cancel", txid=txid)


def _open(shell: Shell) -> str:
    if shell.txid is None:
        raise UsageError("no transaction is open: begin one first")
    return shell.txid


async def _rollback(shell: Shell, line: str) -> None:
    root, to = _only(line, "rollback ROOT VERSION, rollback ROOT @REVISION or rollback '*' @REVISION", 2, 2)
    path = () if root.strip("'\"") == "*" else parse_path(root)
    if len(path) > 1 or not (path or to.startswith("@")):
        raise UsageError(f"usage: {COMMANDS['rollback'].usage}; a root, or with a revision the whole tree")
    if to.startswith("@"):
        done = await shell.db.rollback(path[0] if path else None, parse_number(to[1:], "a revision"))
        shell.show({"rev": done.rev, "roots": dict(done.roots)})
        return
    fields = {"root": root, "to": parse_number(to, "a version"), "by_version": True}
    receipt = await shell.db.ask("rollback", **fields)
    shell.show({"rev": receipt["rev"], "roots": receipt["roots"]})


# -- messages ---------------------------------------------------------------


async def _sub(shell: Shell, line: str) -> None:
    (name,) = _only(line, "sub PATH")
    await shell.subscribe(name, regex=False)


async def _subr(shell: Shell, line: str) -> None:
    (name,) = _only(line, "subr REGEX")
    await shell.subscribe(name, regex=True)


async def _unsub(shell: Shell, line: str) -> None:
    (name,) = _only(line, "unsub PATH or unsub *")
    names = list(shell.streams) if name == "*" else [name]
    for one in names:
        await shell.unsubscribe(one)


async def _pub(shell: Shell, line: str) -> None:
    channel, rest = split_word(line)
    if not channel:
        raise UsageError("usage: pub CHANNEL [VALUE]")
    reached = await shell.db.publish(channel, await shell.value(rest))
    if shell._json:
        shell.show({"reached": reached})


# -- the server -------------------------------------------------------------


def _listing(op: str) -> Callable[[Shell, str], Awaitable[None]]:
    async def run(shell: Shell, line: str) -> None:
        _only(line, op, 0, 0)
        shell.show(await shell.db.ask(op))

    return run


async def _id(shell: Shell, line: str) -> None:
    shell.show(shell.db.name)


async def _compact(shell: Shell, line: str) -> None:
    (before,) = _only(line, "compact REVISION")
    await shell.db.compact(parse_number(before, "a revision"))


async def _export(shell: Shell, line: str) -> None:
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
            (shell._write if sys.stdout.isatty() else shell.write_as_is)(one)
        return
    text = "".join(f"{one}\n" for one in lines)
    if _is_yaml(found[0]):
        from tega.transfer import read_export

        text = show.as_text(read_export(one.encode() for one in lines)[1]) + "\n"
    try:
        await asyncio.to_thread(Path(found[0]).write_text, text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{found[0]}: {error}") from error


async def _import(shell: Shell, line: str) -> None:
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
    from tega.transfer import tree_lines

    tree = parse_value(text)
    if not isinstance(tree, dict):
        raise UsageError(f"{file}: wants a mapping with the roots on top")
    return [one.decode().rstrip("\n") for one in tree_lines(tree)]


async def _help(shell: Shell, line: str) -> None:
    width = max(len(command.usage) for command in COMMANDS.values()) + 2
    for command in COMMANDS.values():
        shell._write(f"{command.usage:<{width}}{command.help}")
    shell._write(f"{'a.b.f(1, k=' + repr('v') + ')':<{width}}call the function at a path")


async def _quit(shell: Shell, line: str) -> None:
    raise Quit


COMMANDS: Final[dict[str, Command]] = {
    "get": Command("get PATH [VERSION|@REV]", "read what is or was at a path", _get, True),
    "getr": Command("getr REGEX", "read what matches, with the groups", _getr),
    "geta": Command("geta PATH [VERSION|@REV]", "read with revision and lease", _geta, True),
    "put": Command("put PATH [VALUE]", "write; or YAML on the next lines, to an empty one", _put, True),
    "pute": Command("pute PATH [VALUE]", "write an ephemeral node: it goes with this session", _pute, True),
    "merge": Command("merge PATH [MAPPING]", "merge leaf by leaf", _merge, True),
    "delete": Command("delete PATH", "delete a subtree (also: del)", _delete, True),
    "begin": Command("begin [MESSAGE]", "open a transaction", _begin),
    "cand": Command("cand", "show what it would change", _cand),
    "commit": Command("commit", "commit it", _commit),
    "cancel": Command("cancel", "drop it", _cancel),
    "rollback": Command(
        "rollback ROOT VERSION|@REV", "make a root (*: the tree) what it was", _rollback, True
    ),
    "log": Command("log [PATH] [LIMIT]", "list commits", _log, True),
    "diff": Command("diff [REV [REV]] [PATH]", "compare two revisions", _diff, True),
    "sub": Command("sub PATH", "be told of changes at a path, and of messages of that channel", _sub, True),
    "subr": Command("subr REGEX", "the same for a regular expression", _subr),
    "unsub": Command("unsub PATH|*", "end that (also: unsubr)", _unsub),
    "pub": Command("pub CHANNEL [VALUE]", "send a message", _pub),
    "channels": Command("channels", "list channels that are listened to", _listing("channels")),
    "subscribers": Command("subscribers", "list who subscribes to what", _listing("subscribers")),
    "ids": Command("ids", "list the sessions", _listing("ids")),
    "id": Command("id", "show the name of this session", _id),
    "plugins": Command("plugins", "list the server's plugins", _listing("plugins")),
    "reload": Command("reload", "load the plugins again", _listing("reload")),
    "roots": Command("roots", "list roots and their versions", _listing("roots")),
    "old": Command("old", "list roots that were deleted", _listing("old")),
    "head": Command("head", "show the last revision", _listing("head")),
    "info": Command("info", "show what the server says of itself", _listing("info")),
    "ss": Command("ss", "take a snapshot", _listing("snapshot")),
    "compact": Command("compact REV", "forget the history before a revision", _compact),
    "verify": Command("verify", "hash the log again", _listing("verify")),
    "export": Command(
        "export [FILE] [--history]", "write the tree as JSON lines, or as YAML into FILE.yaml", _export
    ),
    "import": Command("import FILE [--replace | --history] [--dry-run]", "read an export, or YAML", _import),
    "clear": Command("clear", "delete everything, in one commit", _listing("clear")),
    "help": Command("help", "show this (also: h)", _help),
    "quit": Command("quit", "leave (also: q)", _quit),
}
ALIASES: Final = {
    "del": "delete", "h": "help", "?": "help", "q": "quit", "exit": "quit", "unsubr": "unsub",
    "subscribe": "sub", "unsubscribe": "unsub", "publish": "pub", "snapshot": "ss",
}  # fmt: skip
