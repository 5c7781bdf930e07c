"""The resource: a process of a node with files of its own, and how two of them differ."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec

from nlan.resources.base import HOST, NAMESPACE, Difference, Impact, Key, Rank, Resource

DIRECTORY = "{directory}"
"""Stands in arguments and files for the program's own directory."""
CUT_SHORT, STANDS_STILL = "its last change was cut short", "it stands still"
WITHOUT_ID = "the file with its process id is gone"


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a program's own directory; root's alone, so that it may hold what is secret.

    Attributes:
        name: Its name there.
        text: The whole of it.
        is_read_again: Whether the program takes a change of it by its signal, see `Program.reload`.
        is_secret: Whether a plan shows that it differs, and no line of it.
        is_executable: Whether it is a program itself.
    """

    name: str
    text: str
    is_read_again: bool = False
    is_secret: bool = False
    is_executable: bool = False


class Program(Resource, frozen=True, kw_only=True):
    """A process of a node.

    Nothing secret belongs into its arguments, which everybody on the machine can read: files are for that.

    Attributes:
        namespace: The node.
        name: Unique in the node; its directory's.
        argv: What is started, and its arguments; `DIRECTORY` stands for its own directory.
        files: Its files.
        reload: The signal (such as ``HUP``) that lets it read files again that it takes so; empty: a restart.
        ready: Words that it says once it is ready; empty where it is by running.
        package: What brings it, for who has not installed it.
        after: What should exist before it starts.
        wrong: Observed only: what is not as nlan made it, in words.
    """

    kind: ClassVar[str] = "program"
    rank: ClassVar[int] = Rank.DAEMONS + 50
    is_polled: ClassVar[bool] = True
    create_impact: ClassVar[Impact] = "hitless"
    delete_impact: ClassVar[Impact] = "restart"
    namespace: str
    name: str
    argv: tuple[str, ...]
    files: tuple[File, ...] = ()
    reload: str = ""
    ready: str = ""
    package: str = ""
    after: tuple[Key, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """One of its name per node."""
        return Key(self.kind, self.namespace, self.name)

    @property
    def program(self) -> str:
        """The program's name, as a process has it."""
        return os.path.basename(self.argv[0])

    @property
    def process(self) -> str:
        """Its name, where it does not stand still."""
        return "" if STANDS_STILL in self.wrong else self.name

    def requires(self) -> tuple[Key, ...]:
        """Its namespace, the hosts file, and what it should find."""
        return (Key(NAMESPACE, self.namespace, ""), Key("hosts", HOST, ""), *self.after)

    def difference(self, observed: Any) -> Difference | None:
        """Compare; where it takes by its signal all that differs, it goes on running."""
        changed = self.changed(observed)
        reasons = [f"{name} differs" for name in changed]
        if restarts := self.must_restart(observed):
            reasons = [*restarts, *reasons]
        if not reasons:
            return None
        lines = [line for name in changed for line in _lines(self, observed, name)]
        return Difference("restart" if restarts else "hitless", ", ".join(reasons), details=tuple(lines))

    def changed(self, observed: Program) -> list[str]:
        """Return the names of the files that differ."""
        mine, theirs = _by_name(self), _by_name(observed)
        return sorted(
            name for name in mine.keys() | theirs.keys() if _text(mine.get(name)) != _text(theirs.get(name))
        )

    def must_restart(self, observed: Program) -> list[str]:
        """Return why it has to be started again to be as wanted, in words; nothing where it has not."""
        reasons = list(observed.wrong)
        if self.argv != observed.argv:
            reasons.append("its arguments differ")
        mine = _by_name(self)
        if names := [n for n in self.changed(observed) if n not in mine or not mine[n].is_read_again]:
            reasons.append(f"it reads {', '.join(names)} at its start alone")
        return reasons


def _by_name(program: Program) -> dict[str, File]:
    return {file.name: file for file in program.files}


def _text(file: File | None) -> str | None:
    return None if file is None else file.text


def _lines(wanted: Program, seen: Program, name: str) -> Iterator[str]:
    """Yield the lines of a file that differ, unless they are nobody's business."""
    mine, theirs = _by_name(wanted).get(name), _by_name(seen).get(name)
    if any(file is not None and file.is_secret for file in (mine, theirs)):
        return
    one, other = (_text(theirs) or "").splitlines(), (_text(mine) or "").splitlines()
    for line in difflib.ndiff(one, other):
        if line[0] in "+-":
            yield line
