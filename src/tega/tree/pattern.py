r"""Patterns, matched by RE2: time goes with the length of the text, whatever the pattern.

Whoever names nodes by a pattern, in an embedded database or over a server,
names them in this dialect.

A regular expression over paths is read segment by segment: `\.` separates
the segments, each part has to match its segment whole, and what the groups
caught is kept by segment. A glob has `*` for any part of a segment and `**`
for any number of segments.

RE2 knows neither look-around nor back references, and its `\w`, `\d` and
`\s` mean ASCII.
"""

from __future__ import annotations

import re

from tega.errors import InvalidPath, InvalidPattern, StoreError
from tega.paths import MAX_DEPTH, parse_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from typing import Any, TypeAlias

    from tega.api import Json, Path
    from tega.tree.nodes import Node

    Groups: TypeAlias = tuple[str, ...]
    Segment: TypeAlias = "str | Expression | None"
    """Text that is the segment, an expression that matches it, or None for any number of segments."""

MAX_PATTERN = 1024
"""Longest expression, and longest glob with wildcards, in characters."""
MAX_PROGRAM = 4000
"""Instructions that an expression may be compiled to; a match takes at most as many steps for each byte."""
MEMORY = 1 << 20
"""Bytes that RE2 may use for one expression."""
_TOKEN = re.compile(r"\\.|[^\\]|\\\Z", re.DOTALL)
_SPECIAL = frozenset("\\.^$*+?{}[]|()")
_GLOB_SEGMENT = re.compile(r'"(?:[^"\\]|\\.)*"|[^."]+|\.')
_GLOB = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^."]+)(?:\.(?:"(?:[^"\\]|\\.)*"|[^."]+))*', re.DOTALL)


class Expression:
    """A regular expression over one text.

    Args:
        text: The expression.
        shown: What it is a part of, for messages.

    Raises:
        InvalidPattern: It is none, has what RE2 does not know, or is too large.
    """

    __slots__ = ("_match", "cost", "prefix", "text")

    def __init__(self, text: str, shown: str | None = None) -> None:
        if len(text) > MAX_PATTERN:
            raise InvalidPattern(f"the pattern has {len(text)} characters; {MAX_PATTERN} are allowed")
        compiled = _compile(text, text if shown is None else shown)
        self.text = text
        self.prefix, _ = _literal(text)
        self.cost: int = compiled.programsize
        self._match = compiled.fullmatch

    def fullmatch(self, text: str) -> Groups | None:
        """Return what the groups caught, nothing for those that took no part; None if it does not match."""
        if not text.startswith(self.prefix):
            return None
        found = self._match(text.encode())
        return None if found is None else tuple([(group or b"").decode() for group in found.groups()])


def _compile(text: str, shown: str) -> Any:
    re2 = _library()
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY
    try:
        compiled = re2.compile(text, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise InvalidPattern(f"{shown!r} is no regular expression: {_reason(error)}") from error
    if compiled.programsize > MAX_PROGRAM:
        raise InvalidPattern(f"{shown!r} is too large: its repetitions make it cost too much to match")
    return compiled


def _library() -> Any:
    """RE2; where no pattern comes, nobody pays for it."""
    try:
        import re2
    except ModuleNotFoundError as error:
        raise StoreError(
            "google-re2, which patterns need, is not installed: pip install 'tega[patterns]'"
        ) from error
    return re2


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
    operator = text.rpartition(": ")[2]
    if operator.startswith(("(?=", "(?!", "(?<")):
        return f"look-around ({operator}…) is not known here; expressions are RE2's"
    if text.startswith("invalid escape sequence") and operator[1:].isdigit():
        return f"a back reference ({operator}) is not known here; expressions are RE2's"
    if text.startswith(("invalid perl", "invalid escape", "invalid repetition", "bad repetition")):
        return f"{text}; expressions are RE2's, which lack some of what others know"
    return text


def _literal(text: str) -> tuple[str, bool]:
    """The characters that every match begins with, and whether they are all that matches."""
    if "|" in text:
        return "", False
    taken: list[str] = []
    tokens = _TOKEN.findall(text)
    for place, token in enumerate(tokens):
        following = tokens[place + 1] if place + 1 < len(tokens) else ""
        sign = token[1:] if len(token) == 2 and not token[1].isalnum() else token
        if (len(token) == 2 and sign is token) or (len(token) == 1 and token in _SPECIAL):
            return "".join(taken), False
        if following and following in "*+?{":
            return "".join(taken), False
        taken.append(sign)
    return "".join(taken), True


class PathPattern:
    """What a select, a watch or a subscription names.

    Attributes:
        text: As it was written.
        segments: What each segment has to match.
        regex: Whether it is a regular expression, which keeps its groups by segment.
    """

    __slots__ = ("regex", "segments", "text")

    def __init__(self, text: str, segments: tuple[Segment, ...], *, regex: bool) -> None:
        self.text = text
        self.segments = segments
        self.regex = regex

    @property
    def first(self) -> tuple[str, bool]:
        """What the first segment of a match begins with, and whether it is all of it."""
        own = self.segments[0]
        if isinstance(own, str):
            return own, True
        return ("" if own is None else own.prefix), False

    def caught(self, groups: Groups) -> tuple[Groups, ...] | Groups:
        """What one segment adds to the groups of a match."""
        if not self.regex:
            return groups
        return (groups,) if groups else ()

    def agrees(self, path: Path) -> bool:
        """Whether the node at a path is at or below a match, or may be above one."""
        for own, name in zip(self.segments, path, strict=False):
            if own is None:
                return True
            if name != own if isinstance(own, str) else own.fullmatch(name) is None:
                return False
        return True

    def names(self, depth: int, names: Collection[str]) -> Iterable[str]:
        """Return those of the names that the segment at a depth matches; for regular expressions."""
        own = self.segments[depth]
        if isinstance(own, str):
            return [own] if own in names else []
        assert own is not None
        return [name for name in names if own.fullmatch(name) is not None]

    def steps(self, path: Path) -> int:
        """An upper bound of what `agrees` takes, in steps of some nanoseconds."""
        return sum(
            own.cost * len(name)
            for own, name in zip(self.segments, path, strict=False)
            if isinstance(own, Expression)
        )


def path_pattern(text: str, *, regex: bool) -> PathPattern:
    """Read a regular expression or a glob over paths, see `regex_pattern` and `glob_pattern`."""
    return regex_pattern(text) if regex else glob_pattern(text)


def regex_pattern(text: str) -> PathPattern:
    r"""Read a regular expression over paths; `\.` separates its segments.

    Raises:
        InvalidPattern: It is longer than 1024 characters, or one of its
            parts cannot be used, see `Expression`.
    """
    if len(text) > MAX_PATTERN:
        raise InvalidPattern(f"the pattern has {len(text)} characters; {MAX_PATTERN} are allowed")
    parts = list(_split(text))
    if len(parts) > MAX_DEPTH:
        raise InvalidPattern(f"a pattern of {len(parts)} segments: at most {MAX_DEPTH} are allowed")
    return PathPattern(text, tuple(_segment(part, text) for part in parts), regex=True)


def _segment(part: str, text: str) -> Segment:
    if not part:
        raise InvalidPattern(f"{text!r}: a segment is empty; .* is any segment")
    taken, whole = _literal(part)
    return taken if whole else Expression(part, text)


def _split(text: str) -> Iterator[str]:
    """Yield the parts between the dots that are escaped and stand in no set."""
    part: list[str] = []
    depth, members = 0, -1
    for token in _TOKEN.findall(text):
        if members >= 0:
            members = -1 if token == "]" and members else members + (token != "^" or members > 0)
        elif token == "[":
            members = 0
        elif token in "()":
            depth += 1 if token == "(" else -1
        elif token == r"\." and depth > 0:
            raise InvalidPattern(
                f"{text!r}: a group ends with its segment, and \\. separates segments; a dot in a key is [.]"
            )
        elif token == r"\.":
            yield "".join(part)
            part = []
            continue
        part.append(token)
    yield "".join(part)


def glob_pattern(text: str) -> PathPattern:
    """Read a glob over paths; one without a `*` is a path.

    Raises:
        InvalidPattern: It has wildcards and more than 1024 characters, or
            cannot be read.
    """
    if "*" not in text:
        return PathPattern(text, _plain(text), regex=False)
    if len(text) > MAX_PATTERN:
        raise InvalidPattern(f"the pattern has {len(text)} characters; {MAX_PATTERN} are allowed")
    if not _GLOB.fullmatch(text):
        raise InvalidPattern(f"{text!r}: a segment is empty, or begins or ends within quotes")
    found: list[Segment] = []
    for part in _GLOB_SEGMENT.findall(text):
        if part == "**":
            found.append(None)
        elif "*" in part and not part.startswith('"'):
            found.append(star_expression(part))
        elif part != ".":
            found.extend(_plain(part))
    if len(found) > MAX_DEPTH:
        raise InvalidPattern(f"a pattern of {len(found)} segments: at most {MAX_DEPTH} are allowed")
    return PathPattern(text, tuple(found), regex=False)


def _plain(part: str) -> Path:
    try:
        return parse_path(part)
    except InvalidPath as error:
        raise InvalidPattern(str(error)) from error


def star_expression(text: str) -> Expression:
    """Return an expression for text in which each `*` stands for any characters, and catches them."""
    re2 = _library()
    return Expression("(?s)" + "(.*?)".join(re2.escape(piece) for piece in text.split("*")), text)


def matching(pattern: PathPattern, path: Path, value: Json) -> Iterator[tuple[Path, Json]]:
    """Yield what a regular expression matches in a value that is put at `path`, which agrees with it."""
    if len(path) == len(pattern.segments):
        yield path, value
    elif isinstance(value, dict):
        for name in pattern.names(len(path), value):
            yield from matching(pattern, (*path, name), value[name])


def matching_nodes(pattern: PathPattern, path: Path, node: Node | None) -> Iterator[Path]:
    """Yield what a regular expression matches at and below the node at `path`, which agrees with it."""
    if node is None:
        return
    if len(path) == len(pattern.segments):
        yield path
    elif node.children is not None:
        children = dict(node.children.items())
        for name in pattern.names(len(path), children):
            yield from matching_nodes(pattern, (*path, name), children[name])
