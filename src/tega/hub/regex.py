r"""Regular expressions from outside: those that could take for ever are refused.

The matcher tries again in other ways whatever did not fit; with a
repetition inside a repetition, as in ``(a+)+b``, the number of ways
doubles with each character, and the whole server waits. So inside a
repetition there may be neither another nor a choice, unless a sign that
the inner ones cannot match separates the rounds, as in ``([^.]+\.)*x``.

What remains is at worst a power of the path's length, its exponent the
number of repetitions in a row.
"""

from __future__ import annotations

from re import _constants as sre  # type: ignore[attr-defined]  # the parser has no public name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any, Final

from tega.errors import InvalidPattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FEW: Final = 8
"""A repetition of at most so many rounds is none."""
_REPEATS: Final = (sre.MAX_REPEAT, sre.MIN_REPEAT)
_CATEGORIES: Final[dict[Any, Callable[[str], bool]]] = {
    sre.CATEGORY_DIGIT: str.isdigit,
    sre.CATEGORY_SPACE: str.isspace,
    sre.CATEGORY_WORD: lambda sign: sign.isalnum() or sign == "_",
    sre.CATEGORY_NOT_DIGIT: lambda sign: not sign.isdigit(),
    sre.CATEGORY_NOT_SPACE: lambda sign: not sign.isspace(),
    sre.CATEGORY_NOT_WORD: lambda sign: not sign.isalnum() and sign != "_",
}
Item = tuple[Any, Any]


def refuse_slow(text: str) -> None:
    """Raise InvalidPattern for an expression that is valid, yet could take for ever to match."""
    for kind, value in _all(list(parser.parse(text))):
        if kind in _REPEATS and value[1] > FEW and not _separated(_inner(value[2])):
            raise InvalidPattern(
                f"{text!r} repeats a repetition or a choice, which may take for ever to match;"
                " write it without, or separate its rounds by a sign that the inner one excludes"
            )


def _all(items: list[Item]) -> Iterator[Item]:
    """Yield every item, those inside others as well."""
    for item in items:
        yield item
        yield from _all(_children(item))


def _children(item: Item) -> list[Item]:
    kind, value = item
    if kind in _REPEATS or kind is sre.POSSESSIVE_REPEAT:
        return list(value[2])
    if kind is sre.SUBPATTERN:
        return list(value[3])
    if kind is sre.BRANCH:
        return [item for branch in value[1] for item in branch]
    if kind in (sre.ASSERT, sre.ASSERT_NOT):
        return list(value[1])
    if kind is sre.GROUPREF_EXISTS:
        return [*value[1], *(value[2] or ())]
    return list(value) if kind is sre.ATOMIC_GROUP else []


def _inner(body: Any) -> list[Item]:
    """What is repeated, without the group around it."""
    items = list(body)
    while len(items) == 1 and items[0][0] is sre.SUBPATTERN:
        items = list(items[0][1][3])
    return items


def _separated(items: list[Item]) -> bool:
    """Whether there is one way only to cut a text into rounds of these items."""
    inner = list(_all(items))
    repeats = [value for kind, value in inner if kind in _REPEATS]
    if any(kind in (sre.BRANCH, sre.GROUPREF_EXISTS) for kind, _ in inner):
        return False
    if not repeats:
        return True
    ends = {value for kind, value in (items[0], items[-1]) if kind is sre.LITERAL}
    return any(
        not chr(end).isalnum()
        and all(len(value[2]) == 1 and not _takes(value[2][0], chr(end)) for value in repeats)
        for end in ends
    )


def _takes(item: Item, sign: str) -> bool:
    """Whether an item for one sign matches it; yes where that is not known."""
    kind, value = item
    if kind is sre.LITERAL:
        return chr(value) == sign
    if kind is sre.NOT_LITERAL:
        return chr(value) != sign
    if kind is not sre.IN:
        return True
    negated = value[0][0] is sre.NEGATE
    return any(_holds(one, sign) for one in value[negated:]) is not negated


def _holds(one: Item, sign: str) -> bool:
    """Whether a member of a set, [this], holds the sign."""
    kind, value = one
    if kind is sre.LITERAL:
        return chr(value) == sign
    if kind is sre.RANGE:
        return bool(value[0] <= ord(sign) <= value[1])
    return _CATEGORIES[value](sign)
