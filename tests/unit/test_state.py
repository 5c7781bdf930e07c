"""A lab's memory where its database fails it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nlan.errors import HostError
from nlan.schema import load
from nlan.state import LabState, database, find_state, known_labs, open_state, opening
from samples import EBGP_PAIR
from tega.database import Database, open_database
from tega.engines.memory import MemoryLog
from tega.errors import StoreFull

PAIR = load(Path("pair.yaml"), text=EBGP_PAIR)


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a state directory with a lab, on a disk that has just become full."""
    with open_state(tmp_path, "pair") as state:
        state.commit(PAIR.lab, PAIR.allocations, ("pair.yaml", EBGP_PAIR))

    def open_on_full(directory: Path, **options: Any) -> Database:
        if not options.get("read_only"):
            raise StoreFull("the disk is full")
        return open_database(directory, **options)

    monkeypatch.setattr(opening, "open_database", open_on_full)
    return tmp_path


def test_what_cannot_be_written_is_read(full: Path) -> None:
    said: list[str] = []
    found = find_state(full, "pair", say=said.append)
    assert said == ["pair: its database cannot be opened: the disk is full. It is read as it was last"]
    assert found is not None
    with found:
        assert found.lab() == PAIR.lab
        assert found.allocations() == PAIR.allocations
        assert len(found.revisions()) == 1


def test_what_is_written_to_it_is_an_error_of_the_host(full: Path) -> None:
    found = find_state(full, "pair")
    assert found is not None
    with pytest.raises(HostError, match=r"pair: its database: .* read only"), found:
        found.mark_down()


def test_a_disk_that_gets_full_is_an_error_of_the_host() -> None:
    state = LabState(Database(MemoryLog()), "pair")

    def refuse(*_: object, **__: object) -> None:
        raise StoreFull("the disk is full")

    state.database.commit = refuse  # type: ignore[method-assign, assignment]
    with pytest.raises(HostError, match="pair: its database: the disk is full"), state:
        state.commit(PAIR.lab, PAIR.allocations, ("", ""))


def test_what_the_caller_may_not_see_is_known_and_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_state(tmp_path, "pair"):
        pass

    def refuse(*_: object, **__: object) -> bool:
        raise PermissionError(13, "Permission denied")

    said: list[str] = []
    monkeypatch.setattr(Path, "is_dir", refuse)
    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(opening, "open_database", refuse)
    assert known_labs(tmp_path) == ["pair"]
    assert find_state(tmp_path, "pair", say=said.append) is None
    assert said == ["pair: its database cannot be opened: Permission denied; run this with sudo"]


def test_a_memory_is_blank_until_something_is_known() -> None:
    state = LabState(Database(MemoryLog()), "pair")
    assert state.is_blank()
    state.mark_down()
    assert not state.is_blank()


def test_taking_down_ends_no_wait_that_nobody_began() -> None:
    """A watch told that a change waits no more."""
    state = LabState(Database(MemoryLog()), "pair")
    state.commit(PAIR.lab, PAIR.allocations, ("", ""))
    state.mark_down()
    *_, last = state.database.history()
    assert sorted(change.path[0] for change in last.changes) == ["applied", "status"]


def test_what_another_nlan_wrote_is_no_bug_of_this_one() -> None:
    state = LabState(Database(MemoryLog()), "pair")
    state.commit(PAIR.lab, PAIR.allocations, ("", ""))
    state.database.put(("config-r1", "router", "bgp", "asn"), "red")
    with pytest.raises(HostError, match=r"what this nlan cannot read .*`nlan up FILE` describes"), state:
        state.lab()


def test_an_author_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setattr(database.os, "getuid", lambda: 4242)
    assert database.author() == "4242"
