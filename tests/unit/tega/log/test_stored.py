"""A state is read when it is looked at, and is the same tree as if it had been read at once."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tega.api import Change, Op
from tega.database import Database
from tega.engines.memory import Memory, MemoryLog
from tega.log import stored as stored_module
from tega.log.codec import HASH_SIZE, digest
from tega.log.state import loaded_state
from tega.log.stored import Folded, decode_state, encode_state
from tega.tree.nodes import Node, apply, build, empty_tree, find, to_json, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
TREES = st.dictionaries(st.text(min_size=1, max_size=5), VALUES, max_size=8)


@pytest.fixture
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_module, "WHOLE", 0)
    monkeypatch.setattr(stored_module, "PIECE", 40)


@pytest.fixture
def unfolded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what was unfolded."""
    sizes: list[int] = []
    real = stored_module._unfolded

    def counted(stored: Any) -> Node:
        sizes.append(memoryview(stored).nbytes)
        return real(stored)

    monkeypatch.setattr(stored_module, "_unfolded", counted)
    return sizes


def shown(tree: Node) -> list[object]:
    return [(path, node.mod, node.value, type(node.value), node.lease) for path, node in walk(tree)]


def folded(tree: Node) -> Iterator[Node]:
    """The nodes that nobody has looked at, found without looking at them."""
    if type(tree) is Folded and tree.stored is not None:
        yield tree
    else:
        for _, child in tree.children.items() if tree.children is not None else ():
            yield from folded(child)


@pytest.mark.usefixtures("_small_pieces")
@settings(max_examples=60, deadline=None)
@given(TREES, TREES, st.data())
def test_a_folded_tree_is_the_same_tree(
    one: dict[str, Any], other: dict[str, Any], data: st.DataObject
) -> None:
    tree = apply(apply(empty_tree(), Change(Op.PUT, (), one), 7), Change(Op.MERGE, (), other), 8)
    written = encode_state(8, bytes(32), {"a": 2}, {}, tree)
    found = decode_state(written, "state").root
    if one:  # whatever was looked at before, what is written back is the same
        find(found, (data.draw(st.sampled_from(sorted(one))),))
    again = encode_state(8, bytes(32), {"a": 2}, {}, found)
    assert shown(decode_state(again, "state").root) == shown(tree)
    assert shown(found) == shown(tree)
    assert list(to_json(found)) == list(to_json(tree))  # type: ignore[arg-type]


def large(count: int = 200) -> dict[str, Any]:
    return {f"root{n}": {f"k{k}": {"x": n, "text": "y" * 100} for k in range(count)} for n in range(20)}


def test_opening_looks_at_nothing_and_a_read_at_what_it_wants(unfolded: list[int]) -> None:
    memory = Memory()
    with Database(MemoryLog(memory)) as database:
        database.put((), large())
        database.snapshot()
    with Database(MemoryLog(memory)) as database:
        assert unfolded == []
        assert database.get("root5.k7.x").value == 5  # type: ignore[union-attr]
        assert len(unfolded) == 2
        assert max(unfolded) < 30_000
        assert database.versions()["root5"] == 1
        database.put("root5.k7.x", 6)
        database.snapshot()
        assert len(unfolded) == 2
        assert sum(1 for _ in folded(database.view().tree)) > 19
    with Database(MemoryLog(memory)) as database:
        expected = large()
        expected["root5"]["k7"]["x"] = 6
        assert database.view().value() == expected
        database.verify()


def test_what_was_stored_before_leases_were_written_down() -> None:
    tree = build({"hosts": {"r1": 1, "r2": {"up": True}}, "a": 1}, 3)
    tree = apply(tree, Change(Op.PUT, ("hosts", "r1"), 1, "lease-1"), 4)
    data = encode_state(4, bytes(32), {}, {}, tree).replace(b'"leased":{},', b"")
    data = digest(data[HASH_SIZE:]) + data[HASH_SIZE:]
    state = loaded_state(decode_state(data, "state"))
    assert state.leased == {"lease-1": {("hosts", "r1")}}


def test_leases_are_known_without_looking_for_them(unfolded: list[int]) -> None:
    memory = Memory()
    with Database(MemoryLog(memory)) as database:
        database.put((), large())
        lease = database.grant(60.0)
        database.put("root3.r1", {"up": True}, lease=lease)
        database.put("root4.r2", 1, lease=lease)
        database.delete("root4.r2")
        database.snapshot()
    with Database(MemoryLog(memory)) as database:
        assert unfolded == []
        assert database._state.leased == {lease: {("root3", "r1")}}
        database.revoke(lease)
        assert "root3.r1" not in database.view()


def test_threads_that_look_at_once_see_the_same() -> None:
    expected = large()
    written = encode_state(1, bytes(32), {}, {}, build(expected, 1))
    for _ in range(3):
        assert seen_by_threads(decode_state(written, "state").root, 4) == [expected] * 4


def seen_by_threads(root: Node, count: int) -> list[object]:
    seen: list[object] = []
    threads = [Thread(target=lambda: seen.append(to_json(root))) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def test_an_integer_beyond_64_bits_in_what_was_not_looked_at(unfolded: list[int]) -> None:
    memory = Memory()
    with Database(MemoryLog(memory)) as database:
        database.put((), {**large(), "n": {"big": 2**200, "pad": "x" * 9000}, "m": 2**100})
        database.snapshot()
    with Database(MemoryLog(memory)) as database:
        database.put("root1.k1.x", 2**90)
        database.snapshot()
    with Database(MemoryLog(memory)) as database:
        assert database.get("n.big").value == 2**200  # type: ignore[union-attr]
        assert database.get("m").value == 2**100  # type: ignore[union-attr]
        assert database.get("root1.k1.x").value == 2**90  # type: ignore[union-attr]
        database.verify()


@pytest.mark.usefixtures("_small_pieces")
def test_a_state_is_whole_when_somebody_looks_while_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = build({"a": {f"k{number}": number for number in range(50)}, "b": 1}, 3)
    root = decode_state(encode_state(3, bytes(32), {}, {}, tree), "state").root
    original = vars(Folded)["stored"]

    def looked_at_just_then(node: Folded) -> Any:
        found = original.fget(node)
        assert node.mod == 3
        return found

    monkeypatch.setattr(Folded, "stored", property(looked_at_just_then))
    again = decode_state(encode_state(3, bytes(32), {}, {}, root), "state").root
    assert shown(again) == shown(tree)
