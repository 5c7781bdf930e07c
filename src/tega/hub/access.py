"""Who may do what: permissions by path prefix, for reading, writing and calling.

A prefix is a dotted path whose last segment may end with `*`: `config-*`
covers `config-pe1` and everything below it. `**` covers the whole tree.
A channel's name is judged like a path: to listen is to read, to publish
is to write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tega.errors import Conflict, InvalidPath
from tega.paths import format_path, parse_path
from tega.protocol.errors import Denied, Offered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tega.api import Path

Right = Literal["read", "write", "call"]
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

    def lies_below(self, path: Path) -> bool:
        """Whether something below the path is covered, though the path itself is not."""
        return len(path) < len(self.path) and self.path[: len(path)] == path

    def within(self, other: Prefix) -> bool:
        """Whether the other one covers all that this one does."""
        same_length = len(self.path) == len(other.path)
        return other.covers(self.path) and not (self.open_end and not other.open_end and same_length)


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
    """Read prefixes; one that lies within another says nothing."""
    found = list(dict.fromkeys(parse_prefix(text) for text in texts))
    return tuple(one for one in found if not any(one.within(other) for other in found if other is not one))


@dataclass(frozen=True, slots=True)
class Access:
    """What one token allows. Built by `access()`; `FULL` allows everything."""

    read: tuple[Prefix, ...]
    write: tuple[Prefix, ...]
    call: tuple[Prefix, ...]
    name: str = ""
    """That of the token; empty where there are no tokens."""

    def allows(self, right: Right, path: Path) -> bool:
        prefixes: tuple[Prefix, ...] = getattr(self, right)
        return any(prefix.covers(path) for prefix in prefixes)

    def require(self, right: Right, path: Path) -> None:
        """Raise Denied unless this token allows `right` at `path`."""
        if not self.allows(right, path):
            raise Denied(f"this token does not allow to {right} {format_path(path) or 'the whole tree'}")

    def everywhere(self, right: Right) -> bool:
        return self.allows(right, ())

    def leads(self, path: Path) -> bool:
        """Whether something below the path may be read, though the path itself may not."""
        return any(prefix.lies_below(path) for prefix in self.read)

    def may_read_channel(self, channel: str) -> bool:
        return self.allows("read", channel_path(channel))

    def owns(self, name: str) -> bool:
        """Whether a session of that name is one of this token's."""
        return name == self.name or name.startswith(f"{self.name}/")

    def sees(self, name: str) -> bool:
        """Whether it may know of a session of that name."""
        return self.everywhere("read") or (bool(self.name) and self.owns(name))


def channel_path(channel: str) -> Path:
    """Return a channel's name as a path to judge it by."""
    return tuple(channel.split("."))


def access(
    *, read: Iterable[str] = (), write: Iterable[str] = (), call: Iterable[str] = (), name: str = ""
) -> Access:
    """Build an Access from prefixes as text; what is not listed is not allowed."""
    return Access(_prefixes(read), _prefixes(write), _prefixes(call), name)


FULL = access(read=[ALL], write=[ALL], call=[ALL])


def redacted(error: BaseException, access: Access) -> BaseException:
    """Return an error as a token may know of it: a conflict names a commit, and its message."""
    if not isinstance(error, Conflict) or access.everywhere("read"):
        return error
    if isinstance(error, Offered):
        return error if access.allows("read", error.path) else Offered(error.path, "somebody")
    if not access.allows("read", error.path):
        return Conflict(error.path, 0, 0)
    return Conflict(error.path, error.expected, error.actual, rev=error.rev, author=error.author)
