"""Paths: their text form and its limits.

A path is a tuple of segments. In text the segments are joined by dots,
and a segment that contains a dot, a slash, white space or another sign
with a meaning is quoted as in JSON: ``ip."10.0.0.1/24".dev``.
"""

from __future__ import annotations

import re

from tega.errors import InvalidPath

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
"""Longest text form of a path, in characters."""

_BARE = r'[^\s."*>()\x00-\x1f\x7f]+'
_TOKEN = re.compile(rf'({_BARE})|"((?:[^"\\]|\\.)*)"')
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
