"""Author, message, request id and owner are shown as they are: no control characters get in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tega.database import Database
from tega.engines.memory import MemoryLog
from tega.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable

PUT = ("a", 1)
WAYS: dict[str, Callable[[Database, str], object]] = {
    "an author": lambda d, text: d.put(*PUT, author=text),
    "a message": lambda d, text: d.put(*PUT, message=text),
    "a request id": lambda d, text: d.commit((), request_id=text),
    "an owner": lambda d, text: d.grant(60.0, owner=text),
    "a lease": lambda d, text: d.grant(60.0, lease_id=text),
}


@pytest.mark.parametrize("what", WAYS)
@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("x\x1b[2J", "character 2, U+001B"),
        ("\x00", "character 1, U+0000"),
        ("ab\x9b31m", "U+009B"),
        ("a\u202eb", "U+202E"),
        ("a\rb", "U+000D"),
        ("a\u2028b", "U+2028"),
    ],
)
def test_a_control_character_is_refused_and_named(what: str, text: str, sign: str) -> None:
    with Database(MemoryLog()) as database:
        with pytest.raises(InvalidValue, match=what) as caught:
            WAYS[what](database, text)
        assert sign in str(caught.value)
        assert str(caught.value).isprintable()
        assert (database.head(), database.leases()) == (0, [])


@pytest.mark.parametrize("text", ["", "ada", "Zoë Müller", "李", "a b", "👩‍🚀", "soft\u00adhyphen"])
@pytest.mark.parametrize("what", WAYS)
def test_what_people_write_is_taken(what: str, text: str) -> None:
    with Database(MemoryLog()) as database:
        WAYS[what](database, text)


def test_a_message_has_lines() -> None:
    with Database(MemoryLog()) as database:
        assert database.put(*PUT, message="one\n\ttwo").message == "one\n\ttwo"
        with pytest.raises(InvalidValue):
            database.put(*PUT, author="one\ntwo")
