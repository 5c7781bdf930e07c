"""What the shell writes is text, whatever somebody put into the tree."""

import json
from typing import Any

import pytest

from tega.api import Change, Commit, Op
from tega.client import Client, News, Notice
from tega.shell import show
from tega.shell.shell import Shell

EVIL = "a\x1b[2Jb\x07\x9b31m\x7f\u202eredro\u2066"


def commit(**fields: Any) -> Any:
    values = {"author": EVIL, "message": EVIL, **fields}
    return Commit(
        1,
        0.0,
        values["author"],
        values["message"],
        "",
        (Change(Op.PUT, ("k" + EVIL,), EVIL),),
        {EVIL: 1},
        b"",
        b"",
    )


async def nothing() -> str:
    return ""


@pytest.mark.parametrize("as_json", [True, False])
def test_no_control_character_reaches_a_terminal(as_json: Any) -> None:
    lines: list[str] = []
    shell = Shell(Client("192.0.2.1"), lines.append, nothing, json=as_json)
    shell.show({EVIL: [EVIL]})
    shell.show_log([commit()])
    shell.show_event(News(EVIL, EVIL, {EVIL: EVIL}))
    shell.show_event(Notice(1, 0.0, EVIL, EVIL, commit().changes))
    text = "\n".join(lines)
    assert all(sign.isprintable() or sign == "\n" for sign in text), text
    assert "redro" in text
    if as_json:
        assert json.loads(lines[0]) == {EVIL: [EVIL]}


def test_a_commit_is_as_many_lines_as_it_has_changes() -> None:
    forged = "x\n2  2026-01-01 00:00:00  root  a:1"
    assert len(show.commit_line(commit(author=forged, message=forged)).split("\n")) == 2
    assert len(show.event_text(Notice(1, 0.0, forged, "", ())).split("\n")) == 1


def test_a_deletion_shows_what_it_took_away() -> None:
    gone = Change(Op.DELETE, ("a", "b"), {"x": 1})
    assert show.change_line(gone) == '- a.b: {"x": 1}'
    assert show.change_fields(gone) == {"op": "delete", "path": "a.b", "value": {"x": 1}}
    assert show.change_line(Change(Op.DELETE, ("a", "b"))) == "- a.b"
