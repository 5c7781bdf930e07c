"""What commits of any nlan tell."""

from __future__ import annotations

from nlan.api.events.watching import reports_of_commit
from tega.api import Change, Commit, Op


def commit(*changes: Change) -> Commit:
    return Commit(7, 0.0, "ada", "why", "id", changes, {}, b"", b"")


def events(*changes: Change) -> list[str]:
    return [note.event for note in reports_of_commit(commit(*changes))]


def test_a_revision_says_what_it_changed() -> None:
    note, *rest = reports_of_commit(
        commit(
            Change(Op.PUT, ("config-r1",), {}), Change(Op.DELETE, ("config-r2",)), Change(Op.PUT, ("alloc",))
        )
    )
    assert (note.event, note.fields["changed"], rest) == ("revision", ["r1", "r2"], [])
    assert note.text == "revision 7 by ada: r1, r2 (why)"


def test_observed_state_is_no_news() -> None:
    assert events(Change(Op.PUT, ("operational-r1",), {}), Change(Op.PUT, ("ip",), {})) == []


def test_up_down_confirm_and_errors() -> None:
    up = {"revision": 7, "time": 0.0, "up": True}
    assert events(Change(Op.PUT, ("applied",), up)) == ["applied"]
    assert events(Change(Op.PUT, ("applied",), up | {"up": False})) == ["down"]
    assert events(Change(Op.PUT, ("confirm",), {"revision": 7})) == ["unconfirmed"]
    assert events(Change(Op.DELETE, ("confirm",))) == ["settled"]
    failed = {"r1": {"state": "error", "reason": "no"}, "r2": {"state": "done"}}
    assert events(Change(Op.MERGE, ("status",), failed)) == ["failed"]


def test_repairs_of_keep_are_told_one_by_one() -> None:
    repaired = {"operations": ["create r1 bridge b: missing", "create r1 veth v: missing"], "ms": 30.0}
    reports = list(reports_of_commit(commit(Change(Op.PUT, ("keep",), {"pid": 1, "repaired": repaired}))))
    assert [(n.event, n.fields["ms"]) for n in reports] == [("repaired", 30.0)] * 2
    assert events(Change(Op.PUT, ("keep",), {"pid": 1})) == []
