"""The persistent tree: sharing, order, width, values that are no JSON."""

from __future__ import annotations

import enum
import math
from typing import Any

import pytest

from tega.api import MISSING, Change, Difference, Op
from tega.errors import InvalidPath, InvalidValue
from tega.paths import MAX_DEPTH
from tega.tree.comparing import changes_towards, diff
from tega.tree.nodes import Wide, apply, build, empty_tree, find, leaves, to_json, walk
from tega.values import same_json


class Colour(enum.IntEnum):
    RED = 3


class Word(enum.StrEnum):
    UP = "up"


def put(*path: str, value: Any) -> Change:
    return Change(Op.PUT, path, value)


def test_a_change_leaves_the_old_tree_alone() -> None:
    one = apply(empty_tree(), put("a", "b", value=1), 1)
    two = apply(one, put("a", "c", value=2), 2)
    assert to_json(one) == {"a": {"b": 1}}
    assert to_json(two) == {"a": {"b": 1, "c": 2}}
    assert find(one, ("a", "b")) is find(two, ("a", "b"))


def test_values_belong_to_the_tree() -> None:
    given = {"list": [1, {"x": 2}]}
    tree = apply(empty_tree(), put("a", value=given), 1)
    given["list"].append(3)
    read = to_json(tree)
    read["a"]["list"][1]["x"] = 9
    assert to_json(tree) == {"a": {"list": [1, {"x": 2}]}}


def test_subclasses_become_what_they_stand_for() -> None:
    value = to_json(build({"c": Colour.RED, "w": Word.UP, "t": (1, 2)}, 1))
    assert value == {"c": 3, "w": "up", "t": [1, 2]}
    assert type(value["c"]) is int
    assert type(value["w"]) is str


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, {1, 2}, b"bytes", object(), {1: 2}, {"": 1}, {"a": {"b": [math.nan]}}, [{2: 3}]],
)
def test_what_has_no_json_form_is_refused(value: Any) -> None:
    with pytest.raises(InvalidValue):
        build(value, 1)


def test_nesting_is_limited() -> None:
    deep: Any = 1
    for _ in range(MAX_DEPTH + 2):
        deep = {"a": deep}
    with pytest.raises(InvalidValue, match="deeper"):
        build(deep, 1)
    lists: Any = 1
    for _ in range(100_000):
        lists = [lists]
    with pytest.raises(InvalidValue, match="deeper"):
        build(lists, 1)


def test_the_whole_tree_is_a_mapping() -> None:
    with pytest.raises(InvalidPath):
        apply(empty_tree(), put(value=3), 1)
    assert to_json(apply(empty_tree(), put(value={"a": 1}), 1)) == {"a": 1}


def test_wide_mappings_keep_the_order_of_insertion_and_share_buckets() -> None:
    names = [f"k{(7 * n) % 5000}" for n in range(5000)]
    tree = apply(empty_tree(), put("a", value={name: n for n, name in enumerate(names)}), 1)
    node = find(tree, ("a",))
    assert node is not None
    assert isinstance(node.children, Wide)
    assert list(to_json(node)) == names
    changed = apply(apply(tree, put("a", "k9", value=0), 2), put("a", "new", value=0), 3)
    gone = apply(changed, Change(Op.DELETE, ("a", names[0])), 4)
    assert list(to_json(gone)["a"]) == [*names[1:], "new"]
    after = find(changed, ("a",))
    assert after is not None
    assert isinstance(after.children, Wide)
    shared = sum(a is b for a, b in zip(node.children.buckets, after.children.buckets, strict=True))
    assert shared >= len(node.children.buckets) - 2


def test_a_mapping_grows_wide_one_key_at_a_time() -> None:
    tree = empty_tree()
    for n in range(1000):
        tree = apply(tree, put("a", f"k{n}", value=n), n + 1)
    node = find(tree, ("a",))
    assert node is not None
    assert isinstance(node.children, Wide)
    assert len(node.children) == 1000
    assert max(len(bucket) for bucket in node.children.buckets) < 100
    assert to_json(node) == {f"k{n}": n for n in range(1000)}


def test_merge_goes_leaf_by_leaf() -> None:
    tree = apply(empty_tree(), put("a", value={"x": {"p": 1, "q": 2}, "y": [1]}), 1)
    tree = apply(tree, Change(Op.MERGE, ("a",), {"x": {"q": 3}, "z": {}}), 2)
    assert to_json(tree) == {"a": {"x": {"p": 1, "q": 3}, "y": [1], "z": {}}}
    kept, touched = find(tree, ("a", "x", "p")), find(tree, ("a", "x"))
    assert kept is not None
    assert touched is not None
    assert (kept.mod, touched.mod) == (1, 2)
    assert apply(tree, Change(Op.MERGE, ("a",), {"x": {}}), 3) is tree
    with pytest.raises(InvalidValue):
        apply(tree, Change(Op.MERGE, ("a",), 3), 3)


def test_deleting_the_absent_changes_nothing() -> None:
    tree = apply(empty_tree(), put("a", "b", value=1), 1)
    for path in [("x",), ("a", "x"), ("a", "b", "c")]:
        assert apply(tree, Change(Op.DELETE, path), 2) is tree
    assert apply(empty_tree(), Change(Op.DELETE, ()), 2).children == {}


def test_difference_is_given_by_leaves_and_knows_json_types() -> None:
    one = apply(empty_tree(), put(value={"a": {"b": 1, "c": [1]}, "d": True, "e": {}, "same": 5}), 1)
    two = apply(one, put(value={"a": {"b": 1.0}, "d": 1, "e": {"f": None}, "same": 5}), 2)
    assert list(diff(one, two)) == [
        Difference(("a", "b"), 1, 1.0),
        Difference(("a", "c"), [1], MISSING),
        Difference(("d",), True, 1),
        Difference(("e", "f"), MISSING, None),
    ]
    assert not list(diff(two, two))
    assert same_json([1, {"a": None}], [1, {"a": None}])
    assert not same_json([1], [True])


def test_difference_between_a_leaf_and_a_mapping() -> None:
    one = apply(empty_tree(), put("a", value=1), 1)
    two = apply(one, put("a", "b", value=2), 2)
    assert list(diff(one, two)) == [Difference(("a",), 1, MISSING), Difference(("a", "b"), MISSING, 2)]


def test_the_least_changes_lead_to_a_goal_and_leave_leased_nodes() -> None:
    goal = apply(empty_tree(), put(value={"a": {"b": 1, "c": 2}, "gone": {"x": 1}}), 1)
    now = apply(goal, Change(Op.PUT, ("a", "live"), {"up": True}, "L"), 2)
    now = apply(now, put("a", "c", value=3), 3)
    now = apply(now, Change(Op.DELETE, ("gone",)), 4)
    now = apply(now, put("new", value=1), 5)
    steps = list(changes_towards(now, goal, ()))
    assert steps == [
        Change(Op.PUT, ("a", "c"), 2),
        Change(Op.DELETE, ("new",)),
        Change(Op.PUT, ("gone",), {"x": 1}),
    ]
    for step in steps:
        now = apply(now, step, 6)
    assert to_json(now) == {"a": {"b": 1, "c": 2, "live": {"up": True}}, "gone": {"x": 1}}


def test_a_root_that_was_absent_loses_all_but_its_leased_nodes() -> None:
    now = apply(empty_tree(), put("r", value={"a": {"b": 1}, "c": 2}), 1)
    now = apply(now, Change(Op.PUT, ("r", "a", "live"), 1, "L"), 2)
    for step in list(changes_towards(find(now, ("r",)), None, ("r",))):
        now = apply(now, step, 3)
    assert to_json(now) == {"r": {"a": {"live": 1}}}


def test_walking_gives_parents_first_and_leaves_include_empty_mappings() -> None:
    tree = build({"a": {"b": 1}, "e": {}}, 1)
    assert [path for path, _ in walk(tree)] == [(), ("a",), ("a", "b"), ("e",)]
    assert [path for path, _ in leaves(tree)] == [("a", "b"), ("e",)]
