"""Commands that read and write the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tega.paths import parse_path
from tega.protocol.answers import difference_of
from tega.protocol.errors import NotFound
from tega.shell.base import only
from tega.shell.lines import UsageError, parse_number, split_word, words

if TYPE_CHECKING:
    from tega.shell.shell import Shell


async def get(shell: Shell, line: str) -> None:
    path, version = only(line, "get PATH [VERSION | @REVISION]", 0, 2)
    found = await _read(shell, path, version)
    shell.show(found["value"], always=True)


async def geta(shell: Shell, line: str) -> None:
    path, version = only(line, "geta PATH [VERSION | @REVISION]", 0, 2)
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


async def getr(shell: Shell, line: str) -> None:
    (pattern,) = only(line, "getr REGEX")
    found = await shell.db.ask("select", pattern=pattern, regex=True)
    shell.show({one["path"]: {"groups": one["groups"], "instance": one["value"]} for one in found})


async def log(shell: Shell, line: str) -> None:
    path, limit = only(line, "log [PATH] [LIMIT]", 0, 2)
    if path.isdecimal() and not limit:
        path, limit = "", path
    shell.show_log(await shell.db.log(path, limit=parse_number(limit or "20", "a limit")))


async def diff(shell: Shell, line: str) -> None:
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


async def put(shell: Shell, line: str, *, ephemeral: bool = False) -> None:
    path, rest = split_word(line)
    if not path:
        raise UsageError("usage: put PATH [VALUE]; without a value, YAML on the following lines")
    value = await shell.value(rest)
    if shell.txid is not None:
        await shell.db.ask("put", path=path, value=value, ephemeral=ephemeral, txid=shell.txid)
    else:
        shell.show_commit(await shell.db.put(path, value, ephemeral=ephemeral))


async def pute(shell: Shell, line: str) -> None:
    await put(shell, line, ephemeral=True)


async def merge(shell: Shell, line: str) -> None:
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


async def delete(shell: Shell, line: str) -> None:
    (path,) = only(line, "delete PATH")
    if shell.txid is not None:
        await shell.db.ask("delete", path=path, txid=shell.txid)
    else:
        shell.show_commit(await shell.db.delete(path))


async def begin(shell: Shell, line: str) -> None:
    if shell.txid is not None:
        raise UsageError("a transaction is open: commit or cancel it first")
    begun = await shell.db.ask("begin", message=line)
    shell.txid = begun["txid"]
    shell.show({"txid": begun["txid"], "base": begun["base"]})


async def cand(shell: Shell, line: str) -> None:
    found = await shell.db.ask("cand", txid=_open(shell))
    shell.show_differences([difference_of(one) for one in found])


async def commit(shell: Shell, line: str) -> None:
    txid, shell.txid = _open(shell), None
    done = await shell.db.ask("commit", txid=txid)
    shell.show({"rev": done["rev"], "roots": done["roots"]} if done else None)


async def cancel(shell: Shell, line: str) -> None:
    txid, shell.txid = _open(shell), None
    await shell.db.ask("cancel", txid=txid)


def _open(shell: Shell) -> str:
    if shell.txid is None:
        raise UsageError("no transaction is open: begin one first")
    return shell.txid


ROLLBACK: Final = "rollback ROOT VERSION|@REV"


async def rollback(shell: Shell, line: str) -> None:
    root, to = only(line, "rollback ROOT VERSION, rollback ROOT @REVISION or rollback '*' @REVISION", 2, 2)
    path = () if root.strip("'\"") == "*" else parse_path(root)
    if len(path) > 1 or not (path or to.startswith("@")):
        raise UsageError(f"usage: {ROLLBACK}; a root, or with a revision the whole tree")
    if to.startswith("@"):
        done = await shell.db.rollback(path[0] if path else None, parse_number(to[1:], "a revision"))
        shell.show({"rev": done.rev, "roots": dict(done.roots)})
        return
    fields = {"root": root, "to": parse_number(to, "a version"), "by_version": True}
    receipt = await shell.db.ask("rollback", **fields)
    shell.show({"rev": receipt["rev"], "roots": receipt["roots"]})
