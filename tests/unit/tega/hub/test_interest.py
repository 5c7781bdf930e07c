import re

import pytest

from tega.api import Change, Op
from tega.errors import InvalidPattern
from tega.hub.interest import Index, Interest, compile_pattern, needs_before, told
from tega.paths import parse_path


def change(op: str, path: str, value=None) -> Change:
    return Change(Op(op), parse_path(path), value)


def shown(interest: Interest, one: Change, before=None):
    return [(item.op.value, ".".join(item.path), item.value) for item in told(interest, one, before)]


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
def test_a_path_hears_of_itself_below_and_above(one, expected):
    assert shown(ABC, one) == expected


def test_a_pattern_hears_at_and_below_what_matches():
    pattern = Interest(pattern=re.compile(r"config-.*"))
    assert shown(pattern, change("put", "config-pe1.Ptn.x", 1)) == [("put", "config-pe1.Ptn.x", 1)]
    assert shown(pattern, change("delete", "config-pe1")) == [("delete", "config-pe1", None)]
    assert shown(pattern, change("put", "other", 1)) == []


def test_a_pattern_matches_whole_paths_not_beginnings():
    pattern = Interest(pattern=re.compile("config-pe1"))
    assert shown(pattern, change("put", "config-pe10", 1)) == []


def test_a_pattern_hears_of_what_comes_and_goes_with_a_node_above():
    pattern = Interest(pattern=re.compile(r"a\.\w+\.f"))
    one = change("put", "a", {"x": {"f": 1}, "y": {"g": 2}})
    assert needs_before(pattern, one)
    before = {"x": {"f": 0}, "z": {"f": 3}}
    assert shown(pattern, one, before) == [("delete", "a.z.f", None), ("put", "a.x.f", 1)]
    assert shown(pattern, change("delete", "a"), before) == [
        ("delete", "a.x.f", None),
        ("delete", "a.z.f", None),
    ]
    merged = shown(pattern, change("merge", "a", {"x": 5, "y": {"f": 6}}), before)
    assert merged == [("delete", "a.x.f", None), ("put", "a.y.f", 6)]


def test_an_index_finds_at_above_and_below_and_nothing_else():
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


@pytest.mark.parametrize("text", ["(", "x" * 1025, "a{99999999999}"])
def test_a_pattern_that_cannot_be_is_refused(text):
    with pytest.raises(InvalidPattern):
        compile_pattern(text)
