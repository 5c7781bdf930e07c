"""Which characters the texts around a commit may hold: they end up on terminals and in logs.

A control character in an author or message could move a cursor, end a
line or colour what follows; one that turns the direction of writing shows
another text than the one that is there.
"""

from __future__ import annotations

from tega.errors import InvalidValue

_BAD = frozenset(
    [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
_OF_LINES = frozenset(map(ord, "\n\t"))


def check_signs(what: str, text: str, *, lines: bool = False) -> None:
    """See that a text can be shown as it is.

    Args:
        what: What it is, for the message.
        text: The text.
        lines: It may have several lines, and tabs.

    Raises:
        InvalidValue: Names the first character that it must not hold.
    """
    if text.isprintable():  # by far most are
        return
    allowed = _OF_LINES if lines else frozenset()
    for at, sign in enumerate(text, 1):
        if ord(sign) in _BAD and ord(sign) not in allowed:
            raise InvalidValue(f"{what} {text!r}: character {at}, U+{ord(sign):04X}, is a control character")
