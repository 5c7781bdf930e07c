"""An exported history makes the same store again: revisions, authors, times, values, hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tega.api import Change, Op
from tega.database import Database, open_database
from tega.engines.memory import MemoryLog
from tega.errors import Compacted, ImportRefused
from tega.log.codec import digest
from tega.testing.faces import ENGINES, Face, make_face
from tega.transfer import export_lines
from tega.transfer.replay import import_history

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def put(path: str, value: object, lease: str | None = None) -> Change:
    return Change(Op.PUT, tuple(path.split(".")), value, lease)


@pytest.fixture(params=ENGINES)
def two(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Face, Face]]:
    one, other = (make_face(request.param, str(tmp_path / name)) for name in ("one", "other"))
    one.commit(
        [put("b", {"z": 1, "a": [1.0, "ü\u2028", None, True]}), put("c", 1)], author="ada", message="one\ntwo"
    )
    one.commit([put("b.y", 2**70)], author="李", request_id="request 1")
    one.commit([put("hosts.r1", 1, lease=one.grant(60.0))])
    one.commit([Change(Op.MERGE, ("b",), {"a": {"n": 1}}), Change(Op.DELETE, ("c",))], request_id="request 2")
    one.commit([put("d", 0.1)])
    one.rollback("b", 2, author="bob")
    yield one, other
    one.close()
    other.close()


@pytest.mark.parametrize("before", [0, 4])
def test_the_round_trip(two: tuple[Face, Face], before: int) -> None:
    one, other = two
    one.compact(before)
    data = one.export(history=True)
    last = other.import_(data, mode="history")
    assert (last.rev, last.author, last.hash) == (6, "bob", one.verify())
    assert other.history() == one.history()
    for rev in range(max(before - 1, 0), 7):
        assert other.get("", at=rev) == one.get("", at=rev)
        assert list(other.get("", at=rev).value) == list(one.get("", at=rev).value)  # type: ignore[union-attr]
    assert other.export(history=True) == data
    assert other.verify() == one.verify()
    if before:
        with pytest.raises(Compacted) as caught:
            other.get("", at=before - 2)
        assert caught.value.oldest == before - 1
    else:
        assert other.commit([put("b.y", 2**70)], request_id="request 1").rev == 2
    assert other.commit([put("e", 1)], author="eve").rev == 7
    other.reopen()
    assert other.head() == 7
    other.verify()


def test_a_part_of_the_history(two: tuple[Face, Face]) -> None:
    one, other = two
    other.import_(one.export(at=4, history=True), mode="history")
    assert other.head() == 4
    assert other.history() == one.history(until=4)
    other.verify()


def test_a_try(two: tuple[Face, Face]) -> None:
    one, other = two
    assert other.import_(one.export(history=True), mode="history", dry_run=True).rev == 6
    assert other.head() == 0


def test_a_store_that_has_a_history_keeps_it(two: tuple[Face, Face]) -> None:
    one, other = two
    other.commit([put("x", 1)])
    with pytest.raises(ImportRefused, match="into an empty store, and this one is at revision 1"):
        other.import_(one.export(history=True), mode="history")
    assert other.head() == 1


def test_nodes_of_leases_go_when_leases_are_looked_after() -> None:
    with Database(MemoryLog()) as one, Database(MemoryLog()) as other:
        one.put("hosts.r1", 1, lease=one.grant(60.0))
        one.put("a", 1)
        import_history(other, export_lines(one, history=True))
        assert other.view().value() == {"hosts": {"r1": 1}, "a": 1}
        other.expire()
        assert other.view().value() == {"hosts": {}, "a": 1}


def summed(lines: list[bytes]) -> bytes:
    """An export of these lines, with a checksum that holds."""
    body = b"".join(line + b"\n" for line in lines)
    return body + b'{"sha256":"%b"}\n' % digest(body).hex().encode()


MANGLED: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a commit is missing": lambda lines: [line for line in lines if b'"rev":3,' not in line],
    "the last commit is missing": lambda lines: lines[:-1],
    "two commits are exchanged": lambda lines: [*lines[:-2], lines[-1], lines[-2]],
    "a commit was altered": lambda lines: [line.replace(b'"bob"', b'"eve"') for line in lines],
    "a commit was written anew": lambda lines: [
        line.replace(b'{"commit":{', b'{"commit": {') for line in lines
    ],
    "the state was altered": lambda lines: [line.replace(b'"value":0.1', b'"value":0.2') for line in lines],
    "the history is left out": lambda lines: [line for line in lines if b'"commit"' not in line],
    "the state before it is missing": lambda lines: [line for line in lines if b'{"state"' not in line],
    "the state before it is none": lambda lines: [
        line.replace(b'"tree":', b'"twig":') if b'{"state"' in line else line for line in lines
    ],
}


@pytest.mark.parametrize("what", MANGLED)
def test_a_history_that_is_not_whole_is_refused(two: tuple[Face, Face], what: str) -> None:
    one, other = two
    one.compact(2)
    lines = one.export(history=True).splitlines()[:-1]
    mangled = MANGLED[what](lines)
    assert mangled != lines
    with pytest.raises(ImportRefused):
        other.import_(summed(mangled), mode="history")
    assert (other.head(), other.history()) == (0, [])
    other.import_(one.export(history=True), mode="history")


def test_an_export_without_history(two: tuple[Face, Face]) -> None:
    one, other = two
    with pytest.raises(ImportRefused, match="holds no history"):
        other.import_(one.export(), mode="history")


def test_a_long_history(tmp_path: Path) -> None:
    with open_database(tmp_path / "one") as one, open_database(tmp_path / "other") as other:
        one.submit(*[one.request([put(f"r{n % 3}", n)], request_id=f"id {n}") for n in range(3000)])
        import_history(other, export_lines(one, history=True))
        assert other.head() == 3000
        with open_database(tmp_path / "other") as again:
            assert again.state_hash() == one.state_hash()
            assert again.find_request("id 77") == one.find_request("id 77")
            again.verify()
