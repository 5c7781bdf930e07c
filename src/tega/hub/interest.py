"""What a subscriber wants to be told, and which parts of a commit that is. Pure functions.

A subscriber of `a.b.c` is told of a change at `a.b.c` (pattern A), below it
(B) and above it (C); of a change above it is told only its own part, as a
change at `a.b.c`. A regular expression makes a subscriber of every node
whose whole path matches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tega.api import Op
from tega.errors import InvalidPattern
from tega.hub.regex import refuse_slow
from tega.paths import Pattern, format_path

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from tega.api import Change, Json, Path

MAX_PATTERN: Final = 1024
_MISSING: Final = object()
_BLOCKED: Final = object()


@dataclass(frozen=True, slots=True)
class Told:
    """One change as a subscriber sees it."""

    op: Op
    path: Path
    value: Json = None


@dataclass(frozen=True, slots=True)
class Interest:
    """A path, or a regular expression over paths."""

    path: Path = ()
    pattern: re.Pattern[str] | None = None

    @property
    def text(self) -> str:
        return self.pattern.pattern if self.pattern else format_path(self.path)


def compile_pattern(text: str) -> re.Pattern[str]:
    """Compile a regular expression from outside, as `select` reads them.

    Raises:
        InvalidPattern: It is longer than 1024 characters, not a regular
            expression, or could take for ever, see `tega.hub.regex`.
    """
    if len(text) > MAX_PATTERN:
        raise InvalidPattern(f"the pattern has {len(text)} characters; {MAX_PATTERN} are allowed")
    compiled = Pattern(text, regex=True).regex
    refuse_slow(text)
    assert compiled is not None
    return compiled


def needs_before(interest: Interest, change: Change) -> bool:
    """Whether `told` must know what stood at the change's path: nodes that match may have gone with it."""
    return interest.pattern is not None and not matches_at_or_above(interest.pattern, change.path)


def told(interest: Interest, change: Change, before: Json = None) -> list[Told]:
    """Return what `interest` is told of `change`, in order.

    Args:
        interest: What the subscriber asked for.
        change: One change of a commit, as applied.
        before: The value that stood at the change's path just before it;
            looked at only where `needs_before` says so.
    """
    if interest.pattern is None:
        return _told_path(interest.path, change)
    return _told_pattern(interest.pattern, change, before)


def _told_path(path: Path, change: Change) -> list[Told]:
    at = change.path
    if at[: len(path)] == path:
        return [Told(change.op, at, change.value)]
    if path[: len(at)] != at:
        return []
    if change.op is Op.DELETE:
        return [Told(Op.DELETE, path)]
    return _own_part(path, change, _dig(change.value, path[len(at) :]))


def _own_part(path: Path, change: Change, part: Any) -> list[Told]:
    if part is _BLOCKED or (part is _MISSING and change.op is Op.PUT):
        return [Told(Op.DELETE, path)]
    if part is _MISSING:
        return []
    merged = change.op is Op.MERGE and isinstance(part, dict)
    return [Told(Op.MERGE if merged else Op.PUT, path, part)]


def _dig(value: Any, path: Path) -> Any:
    for segment in path:
        if not isinstance(value, dict):
            return _BLOCKED
        if segment not in value:
            return _MISSING
        value = value[segment]
    return value


def _told_pattern(pattern: re.Pattern[str], change: Change, before: Json) -> list[Told]:
    if matches_at_or_above(pattern, change.path):
        return [Told(change.op, change.path, change.value)]
    new: dict[Path, Any] = {}
    if change.op is not Op.DELETE:
        new = dict(_matching(pattern, change.path, change.value))
    gone = [Told(Op.DELETE, path) for path in _gone(pattern, change, before)]
    kind = Op.MERGE if change.op is Op.MERGE else Op.PUT
    return gone + [
        Told(kind if isinstance(value, dict) else Op.PUT, path, value) for path, value in new.items()
    ]


def _gone(pattern: re.Pattern[str], change: Change, before: Json) -> Iterator[Path]:
    """Yield the matching nodes below the change that it took away."""
    lost = (_BLOCKED,) if change.op is Op.MERGE else (_BLOCKED, _MISSING)
    size = len(change.path)
    for path, _ in _matching(pattern, change.path, before):
        if change.op is Op.DELETE or _dig(change.value, path[size:]) in lost:
            yield path


def matches_at_or_above(pattern: re.Pattern[str], path: Path) -> bool:
    """Whether the node at `path`, or one above it, matches as a whole."""
    return any(pattern.fullmatch(format_path(path[:size])) for size in range(len(path), 0, -1))


def _matching(pattern: re.Pattern[str], path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """Yield the highest nodes below `path` that match."""
    if not isinstance(value, dict):
        return
    for name, child in value.items():
        below = (*path, name)
        if pattern.fullmatch(format_path(below)):
            yield below, child
        else:
            yield from _matching(pattern, below, child)


class Index:
    """Finds the interests that a change can touch without asking each of them."""

    def __init__(self) -> None:
        self._at: dict[Path, set[int]] = {}
        self._under: dict[Path, set[int]] = {}
        self.patterns: set[int] = set()

    def add(self, key: int, interest: Interest) -> None:
        if interest.pattern is not None:
            self.patterns.add(key)
            return
        self._at.setdefault(interest.path, set()).add(key)
        for size in range(len(interest.path)):
            self._under.setdefault(interest.path[:size], set()).add(key)

    def remove(self, key: int, interest: Interest) -> None:
        if interest.pattern is not None:
            self.patterns.discard(key)
            return
        _drop(self._at, interest.path, key)
        for size in range(len(interest.path)):
            _drop(self._under, interest.path[:size], key)

    def candidates(self, path: Path) -> set[int]:
        """Return the keys of every interest at, above or below `path`, and of every pattern."""
        found = set(self.patterns)
        for size in range(len(path) + 1):
            found |= self._at.get(path[:size], set())
        return found | self._under.get(path, set())


def _drop(table: dict[Path, set[int]], path: Path, key: int) -> None:
    keys = table.get(path)
    if keys is not None:
        keys.discard(key)
        if not keys:
            del table[path]
