from typing import Any

import pytest

from tega.api import Change, Commit, Op
from tega.hub import FULL, access
from tega.hub.interest import Index, Interest, costly, is_heavy, notified, regex_interest
from tega.paths import parse_path
from tega.tree.nodes import build


def change(op: str, path: str, value: Any = None) -> Change:
    return Change(Op(op), parse_path(path), value)


def commit(*changes: Change) -> Commit:
    return Commit(2, 0.0, "", "", "", changes, {}, b"", b"")


def shown(interest: Interest, *changes: Change, before: Any = None, who: Any = FULL) -> Any:
    tree = None if before is None else build(before, 1)
    return [
        (item.op.value, ".".join(item.path), item.value)
        for item in notified(interest, who, commit(*changes), tree)
    ]


ABC = Interest(("a", "b", "c"))


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (change("put", "a.b.c", 1), [("put", "a.b.c", 1)]),
        (change("delete", "a.b.c"), [("delete", "a.b.c", None)]),
        (change("put", "a.b.c.d", 2), [("put", "a.b.c.d", 2)]),
        (change("delete", "a.b.c.d.e"), [("delete", "a.b.c.d.e", None)]),
        (change("put", "a.b", {"c": {"d": 3}, "x": 4}), [("put", "a.b.c", {"d": 3})]),
        (change("put", "a", {"b": {"c": 5}}), [("put", "a.b.c", 5)]),
        (change("put", "a", {"x": 6}), [("delete", "a.b.c", None)]),
        (change("put", "a", 7), [("delete", "a.b.c", None)]),
        (change("delete", "a"), [("delete", "a.b.c", None)]),
        (change("merge", "a", {"b": {"c": {"d": 8}}}), [("merge", "a.b.c", {"d": 8})]),
        (change("merge", "a", {"b": {"c": 9}}), [("put", "a.b.c", 9)]),
        (change("merge", "a", {"b": {"x": 9}}), []),
        (change("merge", "a", {"b": 9}), [("delete", "a.b.c", None)]),
        (change("put", "a.x", 1), []),
        (change("put", "b", 1), []),
    ],
)
def test_a_path_hears_of_itself_below_and_above(one: Any, expected: Any) -> None:
    assert shown(ABC, one) == expected


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (change("delete", "a.b.c"), [("delete", "a.b.c", {"d": 1})]),
        (change("delete", "a.b.c.d"), [("delete", "a.b.c.d", 1)]),
        (change("delete", "a"), [("delete", "a.b.c", {"d": 1})]),
        (change("put", "a", {"x": 6}), [("delete", "a.b.c", {"d": 1})]),
        (change("merge", "a", {"b": 9}), [("delete", "a.b.c", {"d": 1})]),
        (change("delete", "a.b.x"), []),
    ],
)
def test_a_deletion_carries_what_it_took_away(one: Any, expected: Any) -> None:
    assert shown(ABC, one, before={"a": {"b": {"c": {"d": 1}}}}) == expected


def test_what_was_not_there_is_not_reported_as_gone() -> None:
    for one in (change("delete", "a"), change("put", "a", {"x": 6}), change("merge", "a", {"b": 9})):
        assert shown(ABC, one, before={"a": {"b": {}}}) == []


def test_a_pattern_hears_at_and_below_what_matches() -> None:
    pattern = regex_interest(r"config-.*")
    assert shown(pattern, change("put", "config-pe1.Ptn.x", 1)) == [("put", "config-pe1.Ptn.x", 1)]
    assert shown(pattern, change("delete", "config-pe1")) == [("delete", "config-pe1", None)]
    assert shown(pattern, change("put", "other", 1)) == []


def test_a_pattern_matches_whole_segments_not_beginnings() -> None:
    pattern = regex_interest(r"config-pe1\.x.")
    assert shown(pattern, change("put", "config-pe10.xx", 1)) == []
    assert shown(pattern, change("put", "config-pe1.xxx", 1)) == []
    assert shown(pattern, change("put", "config-pe1.xx.b", 1)) == [("put", "config-pe1.xx.b", 1)]


def test_a_pattern_hears_of_what_comes_and_goes_with_a_node_above() -> None:
    pattern = regex_interest(r"a\.\w+\.f")
    one = change("put", "a", {"x": {"f": 1}, "y": {"g": 2}})
    before = {"a": {"x": {"f": 0}, "z": {"f": 3}}}
    assert shown(pattern, one, before=before) == [("delete", "a.z.f", 3), ("put", "a.x.f", 1)]
    assert shown(pattern, change("delete", "a"), before=before) == [
        ("delete", "a.x.f", 0),
        ("delete", "a.z.f", 3),
    ]
    merged = shown(pattern, change("merge", "a", {"x": 5, "y": {"f": 6}}), before=before)
    assert merged == [("delete", "a.x.f", 0), ("put", "a.y.f", 6)]


def test_the_changes_of_one_commit_see_each_other() -> None:
    steps = [change("put", "a.b.c", 1), change("merge", "a.b", {"c": 2}), change("delete", "a")]
    expected = [("put", "a.b.c", 1), ("put", "a.b.c", 2), ("delete", "a.b.c", 2)]
    assert shown(ABC, *steps, before={"a": {"x": 0}}) == expected


LIMITED = access(read=["a.b", "config-*", "x.y-*"])


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (change("put", "", {"a": {"b": 2, "c": 3}, "config-1": {"k": 4}, "z": 5}),
         [("put", "a.b", 2), ("delete", "config-2", 7), ("put", "config-1", {"k": 4}),
          ("delete", "x.y-1", 8)]),
        (change("put", "a", {"c": 1}), [("delete", "a.b", 6)]),
        (change("put", "a", {"b": {"q": 1}}), [("put", "a.b", {"q": 1})]),
        (change("delete", ""), [("delete", "a.b", 6), ("delete", "config-2", 7), ("delete", "x.y-1", 8)]),
        (change("merge", "", {"x": {"y-2": 1, "z": 2}}), [("put", "x.y-2", 1)]),
        (change("put", "z", 1), []),
        (change("put", "a.c", 1), []),
        (change("delete", "x.z"), []),
    ],
)  # fmt: skip
def test_a_subscriber_wider_than_its_rights_is_notified_of_its_part(one: Any, expected: Any) -> None:
    before = {"a": {"b": 6, "c": 0}, "config-2": 7, "x": {"y-1": 8, "z": 9}, "z": 1}
    assert sorted(shown(Interest(), one, before=before, who=LIMITED)) == sorted(expected)
    assert sorted(shown(regex_interest(".*"), one, before=before, who=LIMITED)) == sorted(expected)


def test_rights_come_before_the_pattern() -> None:
    pattern = regex_interest(r".*\..*")
    one = change("put", "", {"a": {"b": 1, "c": 2}, "z": {"y": 3}})
    assert shown(pattern, one, before={}, who=LIMITED) == [("put", "a.b", 1)]
    assert shown(pattern, one, before={}, who=access()) == []


def test_an_index_finds_at_above_and_below_and_nothing_else() -> None:
    index = Index()
    wishes = {1: "a", 2: "a.b", 3: "a.b.c", 4: "x", 5: ""}
    for number, path in wishes.items():
        index.add(number, Interest(parse_path(path)))
    assert index.candidates(("a", "b")) == {1, 2, 3, 5}
    assert index.candidates(("a", "c")) == {1, 5}
    assert index.candidates(()) == {1, 2, 3, 4, 5}
    for number, path in wishes.items():
        index.remove(number, Interest(parse_path(path)))
    assert index.candidates(()) == set()
    assert not index._at
    assert not index._under


def test_an_index_asks_a_pattern_only_where_a_path_begins_like_it() -> None:
    index = Index()
    wishes = {1: r"config-([^.]*)", 2: r"stats\..*", 3: r".*\.x", 4: r"(a|b)\.x", 5: "co.*"}
    for number, text in wishes.items():
        index.add(number, regex_interest(text))
    assert index.candidates(("watched", "x")) == {3, 4}
    assert index.candidates(("config-pe1",)) == {1, 3, 4, 5}
    assert index.candidates(("stats", "x")) == {2, 3, 4}
    assert index.candidates(("stats2",)) == {3, 4}
    assert index.candidates(()) == {1, 2, 3, 4, 5}
    for number, text in wishes.items():
        index.remove(number, regex_interest(text))
    assert index.candidates(()) == set()
    assert not index._roots
    assert not index._beginnings


def test_what_takes_long_is_known_beforehand() -> None:
    tree = build({"a": {"b": 1}, "big": {f"k{i}": {"x": i} for i in range(600)}}, 1)
    pattern = regex_interest(r".*\..*\.x")
    assert not costly(pattern, FULL, commit(change("put", "a.b", 1)), tree)
    assert costly(pattern, FULL, commit(change("put", "a.b", 1)), None)
    assert costly(pattern, FULL, commit(change("delete", "big")), tree)
    assert costly(pattern, FULL, commit(change("put", "a", {f"k{i}": i for i in range(600)})), tree)
    assert costly(Interest(("a",)), FULL, commit(change("put", "a", {f"k{i}": i for i in range(600)})), tree)
    for one in (change("put", "a", {"x": 1}), change("put", "a", 5), change("merge", "a", {"b": 1})):
        assert not costly(Interest(("a", "b", "c")), FULL, commit(one), tree)
    wide = change("put", "", {"a": {"b": 1}, **{f"k{i}": i for i in range(600)}})
    assert not costly(Interest(("a",)), FULL, commit(wide), tree)
    assert costly(Interest(), FULL, commit(wide), tree)
    assert costly(Interest(("a",)), LIMITED, commit(wide), tree)
    slow = regex_interest(r"((\w{0,8}){0,8}){0,8}!")
    assert costly(slow, FULL, commit(change("put", ("a" * 1000), 1)), tree)


@pytest.mark.parametrize(
    ("value", "heavy"),
    [
        (5, False),
        ("x" * 10_000, False),
        (list(range(501)), True),
        ({"a": {"b": [list(range(250)), list(range(260))]}}, True),
        ({f"k{i}": i for i in range(400)}, False),
        ({f"k{i}": {"a": 1, "b": 2} for i in range(250)}, True),
    ],
)
def test_what_is_heavy_is_found_without_looking_at_all_of_it(value: Any, heavy: Any) -> None:
    assert is_heavy(value) is heavy
    assert is_heavy(build(value, 1)) is heavy
