"""Paths and patterns: their text form, their limits, what a pattern matches.

A path is a tuple of segments. In text the segments are joined by dots,
and a segment that contains a dot, a slash, white space or another sign
with a meaning is quoted as in JSON: ``ip."10.0.0.1/24".dev``.

A pattern is a glob over segments (``*`` any part of one segment, ``**``
any number of segments) or a regular expression over the text form.
"""

from __future__ import annotations

import re

from tega.errors import InvalidPath, InvalidPattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar

    _K = TypeVar("_K")
    _V = TypeVar("_V")

    from tega.api import Path, PathLike

MAX_DEPTH = 100
"""Most segments of a path, and most levels of a tree including what a leaf nests."""
MAX_TEXT = 65_536
"""Longest text form of a path or pattern, in characters."""

_BARE = r'[^\s."*>()\x00-\x1f\x7f]+'
_TOKEN = re.compile(rf'({_BARE})|"((?:[^"\\]|\\.)*)"')
_GLOB = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^."]+)(?:\.(?:"(?:[^"\\]|\\.)*"|[^."]+))*', re.DOTALL)
_PLAIN = re.compile(r"[^\s.\"'*>()/\\\[\]{},=:;\x00-\x1f\x7f]+\Z")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_HALF = re.compile("[\ud800-\udfff]")
CACHED = 512
"""Longest text, in characters, for which a result is kept: so caches are bounded in bytes."""
MOST_CACHED = 4096
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def to_path(path: PathLike) -> Path:
    """Return the path as a tuple, whichever form it came in.

    Raises:
        InvalidPath: It cannot be read, a segment is empty or no text, or
            it has more than `MAX_DEPTH` segments.
    """
    if isinstance(path, str):
        return parse_path(path)
    if len(path) > MAX_DEPTH:
        raise InvalidPath(f"a path of {len(path)} segments: at most {MAX_DEPTH} are allowed")
    size = 0
    for segment in path:
        if not isinstance(segment, str) or not segment:
            raise InvalidPath(f"segment {segment!r} of a path: must be text and not empty")
        if not segment.isascii():
            _check_signs(segment)
        size += len(segment)
    if size > MAX_TEXT:
        raise InvalidPath(f"a path of {size} characters: at most {MAX_TEXT} are allowed")
    return path if type(path) is tuple else tuple(path)


def keep(cache: dict[_K, _V], key: _K, size: int, value: _V) -> _V:
    """Keep a result and return it; a full cache begins anew, and what is large stays out of it.

    Args:
        cache: Where.
        key: What it is the result for.
        size: Characters of key or result.
        value: The result.
    """
    if size <= CACHED:
        if len(cache) >= MOST_CACHED:
            cache.clear()
        cache[key] = value
    return value


_parsed: dict[str, Path] = {}
_quoted: dict[str, str] = {}


def parse_path(text: str) -> Path:
    """Read the text form; the empty text is the whole tree.

    Raises:
        InvalidPath: With the position of what cannot be read.
    """
    found = _parsed.get(text)
    return found if found is not None else keep(_parsed, text, len(text), _parse_path(text))


def _parse_path(text: str) -> Path:
    if not text:
        return ()
    _check_length(text)
    segments: list[str] = []
    position = 0
    while True:
        token = _TOKEN.match(text, position)
        if token is None:
            raise InvalidPath(_complaint(text, position))
        bare, quoted = token.groups()
        segment = bare if quoted is None else _unquote(quoted)
        if not segment:
            raise InvalidPath(f"{text!r}: the segment at character {position + 1} is empty")
        _check_signs(segment)
        segments.append(segment)
        position = token.end()
        if position == len(text):
            return tuple(segments)
        if text[position] != ".":
            raise InvalidPath(_complaint(text, position))
        position += 1


def _check_length(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise InvalidPath(f"a path of {len(text)} characters: at most {MAX_TEXT} are allowed")
    if text.count(".") >= MAX_DEPTH and '"' not in text:
        raise InvalidPath(f"a path of {text.count('.') + 1} segments: at most {MAX_DEPTH} are allowed")


def _complaint(text: str, position: int) -> str:
    if position >= len(text):
        return f"{text!r}: a segment is missing at the end"
    return (
        f"{text!r}: cannot read {text[position]!r} at character {position + 1}; "
        'quote a key that contains dots, white space, * > ( ) or ": a."10.0.0.1".b'
    )


def _unquote(body: str) -> str:
    if "\\" not in body:
        return body
    text = _ESCAPE.sub(_unescape, body)
    # a sign beyond U+FFFF is escaped as a pair, see RFC 8259, section 7
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _check_signs(segment: str) -> None:
    if _HALF.search(segment):
        raise InvalidPath(f"segment {segment!r} of a path: half of a surrogate pair is no text")


def _unescape(found: re.Match[str]) -> str:
    sign = found.group(1)
    if len(sign) == 5:
        return chr(int(sign[1:], 16))
    return _ESCAPED.get(sign, sign)


def format_path(path: Sequence[str]) -> str:
    """Return the text form; `parse_path` reads it back to the same path."""
    return ".".join([segment if _PLAIN.match(segment) else _quote(segment) for segment in path])


def _quote(segment: str) -> str:
    found = _quoted.get(segment)
    return found if found is not None else keep(_quoted, segment, len(segment), _quote_anew(segment))


def _quote_anew(segment: str) -> str:
    body = segment.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda sign: f"\\u{ord(sign.group()):04x}", body) + '"'


def overlap(one: Path, other: Path) -> bool:
    """Whether one path is at, below or above the other."""
    short = min(len(one), len(other))
    return one[:short] == other[:short]


class Pattern:
    """What a `select` or `watch` names.

    Args:
        text: A path, a glob, or a regular expression.
        regex: Read `text` as a regular expression, to be matched whole
            against the text form of a node's path.

    Raises:
        InvalidPattern: It cannot be read.
    """

    __slots__ = ("prefix", "regex", "segments", "text")

    def __init__(self, text: str, *, regex: bool = False) -> None:
        self.text = text
        self.regex: re.Pattern[str] | None = None
        self.segments: tuple[re.Pattern[str] | str | None, ...] = ()
        self.prefix = ""
        if regex:
            self.regex = _compile(text)
            self.prefix = _literal_prefix(text)
        else:
            self.segments = _parse_glob(text)

    @property
    def literal(self) -> Path | None:
        """The path, if the pattern is one without any wildcard."""
        if self.regex is not None or not all(isinstance(s, str) for s in self.segments):
            return None
        return tuple(s for s in self.segments if isinstance(s, str))

    def may_begin(self, text: str) -> bool:
        """Whether a path whose text form is or begins with `text` can still match the expression."""
        return text.startswith(self.prefix) or self.prefix.startswith(text)

    def matches(self, path: Path) -> bool:
        """Whether the expression matches the node at the path itself; for regular expressions only."""
        return self.regex is not None and self.regex.fullmatch(format_path(path)) is not None

    def touches(self, path: Path) -> bool:
        """Whether a change at `path` concerns what the pattern names.

        A glob is concerned at, below and above; a regular expression at
        and below, as only the values tell what is touched above it.
        """
        if self.regex is not None:
            return any(self.matches(path[:length]) for length in range(1, len(path) + 1))
        for own, segment in zip(self.segments, path, strict=False):
            if own is None:
                return True
            if isinstance(own, str):
                if own != segment:
                    return False
            elif own.fullmatch(segment) is None:
                return False
        return True


def _compile(text: str) -> re.Pattern[str]:
    if len(text) > MAX_TEXT:
        raise InvalidPattern(f"a pattern of {len(text)} characters: at most {MAX_TEXT} are allowed")
    try:
        return re.compile(text)
    except (re.error, ValueError, OverflowError, RecursionError) as error:
        raise InvalidPattern(f"{text!r} is no regular expression: {error}") from error


def _literal_prefix(text: str) -> str:
    """The characters that every match begins with; shorter than possible rather than wrong."""
    if "|" in text:
        return ""
    end = 0
    taken = ""
    while end < len(text):
        sign = text[end]
        if sign == "\\" and end + 1 < len(text) and not text[end + 1].isalnum():
            taken, end = taken + text[end + 1], end + 2
        elif sign in "\\.^$*+?{}[]|()":
            break
        else:
            taken, end = taken + sign, end + 1
    if end < len(text) and (text[end] in "*+?{" or text.startswith("(?#", end)):  # a comment may come before
        return taken[:-1]
    return taken


def _parse_glob(text: str) -> tuple[re.Pattern[str] | str | None, ...]:
    """Segments: text matches itself, an expression one segment, None any number of segments."""
    if len(text) > MAX_TEXT:
        raise InvalidPattern(f"a pattern of {len(text)} characters: at most {MAX_TEXT} are allowed")
    if "*" not in text:
        return parse_path(text)
    if not _GLOB.fullmatch(text):
        raise InvalidPattern(f"{text!r}: a segment is empty, or begins or ends within quotes")
    found: list[re.Pattern[str] | str | None] = []
    for part in re.findall(r'"(?:[^"\\]|\\.)*"|[^."]+|\.', text):
        if part == ".":
            continue
        if part == "**":
            found.append(None)
        elif "*" in part and not part.startswith('"'):
            found.append(compile_stars(part))
        else:
            found.extend(parse_path(part))
    if len(found) > MAX_DEPTH:
        raise InvalidPattern(f"a pattern of {len(found)} segments: at most {MAX_DEPTH} are allowed")
    return tuple(found)


def compile_stars(text: str) -> re.Pattern[str]:
    """Compile text in which each `*` stands for any characters, and catches them as a group.

    Every star but the last takes as little as it can and never more: what
    stands behind it, the next one can take as well. So nothing is tried
    twice, and a match takes at most the product of both lengths.
    """
    first, *between, last = (re.escape(piece) for piece in text.split("*"))
    steps = "".join(f"(?>(.*?){piece})" for piece in between)
    return re.compile(f"{first}{steps}(.*){last}", re.DOTALL)
