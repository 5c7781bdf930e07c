"""What can be typed, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tega.shell import server, tree
from tega.shell.base import Command, Quit

if TYPE_CHECKING:
    from tega.shell.shell import Shell


async def _help(shell: Shell, line: str) -> None:
    width = max(len(command.usage) for command in COMMANDS.values()) + 2
    for command in COMMANDS.values():
        shell.write(f"{command.usage:<{width}}{command.help}")
    shell.write(f"{'a.b.f(1, k=' + repr('v') + ')':<{width}}call the function at a path")


async def _quit(shell: Shell, line: str) -> None:
    raise Quit


COMMANDS: Final[dict[str, Command]] = {
    "get": Command("get PATH [VERSION|@REV]", "read what is or was at a path", tree.get, True),
    "getr": Command("getr REGEX", "read what matches, with the groups", tree.getr),
    "geta": Command("geta PATH [VERSION|@REV]", "read with revision and lease", tree.geta, True),
    "put": Command("put PATH [VALUE]", "write; or YAML on the next lines, to an empty one", tree.put, True),
    "pute": Command(
        "pute PATH [VALUE]", "write an ephemeral node: it goes with this session", tree.pute, True
    ),
    "merge": Command("merge PATH [MAPPING]", "merge leaf by leaf", tree.merge, True),
    "delete": Command("delete PATH", "delete a subtree (also: del)", tree.delete, True),
    "begin": Command("begin [MESSAGE]", "open a transaction", tree.begin),
    "cand": Command("cand", "show what it would change", tree.cand),
    "commit": Command("commit", "commit it", tree.commit),
    "cancel": Command("cancel", "drop it", tree.cancel),
    "rollback": Command(tree.ROLLBACK, "make a root (*: the tree) what it was", tree.rollback, True),
    "log": Command("log [PATH] [LIMIT]", "list commits", tree.log, True),
    "diff": Command("diff [REV [REV]] [PATH]", "compare two revisions", tree.diff, True),
    "sub": Command(
        "sub PATH", "be notified of changes at a path, and of messages of that channel", server.sub, True
    ),
    "subr": Command("subr REGEX", "the same for a regular expression", server.subr),
    "unsub": Command("unsub PATH|*", "end that (also: unsubr)", server.unsub),
    "pub": Command("pub CHANNEL [VALUE]", "send a message", server.pub),
    "channels": Command("channels", "list channels that are listened to", server.listing("channels")),
    "subscribers": Command("subscribers", "list who subscribes to what", server.listing("subscribers")),
    "ids": Command("ids", "list the sessions", server.listing("ids")),
    "id": Command("id", "show the name of this session", server.own_name),
    "plugins": Command("plugins", "list the server's plugins", server.listing("plugins")),
    "reload": Command("reload", "load the plugins again", server.listing("reload")),
    "roots": Command("roots", "list roots and their versions", server.listing("roots")),
    "old": Command("old", "list roots that were deleted", server.listing("old")),
    "head": Command("head", "show the last revision", server.listing("head")),
    "info": Command("info", "show the server's revision, limits and counts", server.listing("info")),
    "ss": Command("ss", "take a snapshot", server.listing("snapshot")),
    "compact": Command("compact REV", "forget the history before a revision", server.compact),
    "verify": Command("verify", "hash the log again", server.listing("verify")),
    "export": Command(
        "export [FILE] [--history]", "write the tree as JSON lines, or as YAML into FILE.yaml", server.export
    ),
    "import": Command(
        "import FILE [--replace | --history] [--dry-run]", "read an export, or YAML", server.import_
    ),
    "clear": Command("clear", "delete everything, in one commit", server.listing("clear")),
    "help": Command("help", "show this (also: h)", _help),
    "quit": Command("quit", "leave (also: q)", _quit),
}
ALIASES: Final = {
    "del": "delete", "h": "help", "?": "help", "q": "quit", "exit": "quit", "unsubr": "unsub",
    "subscribe": "sub", "unsubscribe": "unsub", "publish": "pub", "snapshot": "ss",
}  # fmt: skip
