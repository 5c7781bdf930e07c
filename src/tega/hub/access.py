"""Who may do what: permissions by path prefix, for reading, writing and calling.

A prefix is a dotted path whose last segment may end with `*`: `config-*`
covers `config-pe1` and everything below it. `**` covers the whole tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tega.errors import InvalidPath
from tega.hub.errors import Denied
from tega.paths import format_path, parse_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tega.api import Path

Verb = Literal["read", "write", "call"]
ALL = "**"


@dataclass(frozen=True, slots=True)
class Prefix:
    """A place in the tree and everything below it; with `open_end`, the last segment is only a beginning."""

    path: Path
    open_end: bool = False

    def covers(self, path: Path) -> bool:
        size = len(self.path)
        if len(path) < size:
            return False
        if not self.open_end:
            return path[:size] == self.path
        return path[: size - 1] == self.path[:-1] and path[size - 1].startswith(self.path[-1])


def parse_prefix(text: str) -> Prefix:
    """Read a prefix as the tokens file spells it: `**`, `a.b`, `config-*`.

    Raises:
        InvalidPath: It is none; the empty text is none either, lest a
            prefix that was left out allow everything.
    """
    if text == ALL:
        return Prefix(())
    if not text:
        raise InvalidPath(f"a prefix is empty; the whole tree is {ALL}")
    if text.endswith("*") and len(text) > 1 and not text.endswith(".*"):
        return Prefix(parse_path(text[:-1]), open_end=True)
    return Prefix(parse_path(text.removesuffix(".*")))


def _prefixes(texts: Iterable[str]) -> tuple[Prefix, ...]:
    return tuple(parse_prefix(text) for text in texts)


@dataclass(frozen=True, slots=True)
class Access:
    """What one token allows. Built by `access()`; `FULL` allows everything."""

    read: tuple[Prefix, ...]
    write: tuple[Prefix, ...]
    call: tuple[Prefix, ...]

    def allows(self, verb: Verb, path: Path) -> bool:
        prefixes: tuple[Prefix, ...] = getattr(self, verb)
        return any(prefix.covers(path) for prefix in prefixes)

    def require(self, verb: Verb, path: Path) -> None:
        """Raise Denied unless this token allows `verb` at `path`."""
        if not self.allows(verb, path):
            raise Denied(f"this token does not allow to {verb} {format_path(path) or 'the whole tree'}")

    def everywhere(self, verb: Verb) -> bool:
        return self.allows(verb, ())


def access(*, read: Iterable[str] = (), write: Iterable[str] = (), call: Iterable[str] = ()) -> Access:
    """Build an Access from prefixes as text; what is not said is not allowed."""
    return Access(_prefixes(read), _prefixes(write), _prefixes(call))


FULL = access(read=[ALL], write=[ALL], call=[ALL])
