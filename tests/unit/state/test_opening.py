"""What nlan knows of a lab where its database fails it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest

from nlan.errors import HostError
from nlan.schema import load
from nlan.state import LabState, find_state, known_labs, open_state
from nlan.state.database import author
from samples import EBGP_PAIR
from tega.database import Database, open_database
from tega.engines.memory import MemoryLog
from tega.errors import StoreFull

PAIR = load(Path("pair.yaml"), text=EBGP_PAIR)


@pytest.fixture
def state_directory(tmp_path: Path) -> Path:
    """Give a state directory with a lab."""
    with open_state(tmp_path, "pair") as state:
        state.commit(PAIR.lab, PAIR.allocations, ("pair.yaml", EBGP_PAIR))
    return tmp_path


def open_on_full_disk(directory: Path, **options: Any) -> Database:
    if not options.get("read_only"):
        raise StoreFull("the disk is full")
    return open_database(directory, **options)


def test_what_cannot_be_written_is_read(state_directory: Path) -> None:
    notes: list[str] = []
    found = find_state(state_directory, "pair", say=notes.append, opener=open_on_full_disk)
    assert notes == ["pair: its database cannot be opened: the disk is full. It is read as it was last"]
    assert found is not None
    with found:
        assert found.lab() == PAIR.lab
        assert found.allocations() == PAIR.allocations
        assert len(found.revisions()) == 1


def test_what_is_written_to_it_is_an_error_of_the_host(state_directory: Path) -> None:
    found = find_state(state_directory, "pair", opener=open_on_full_disk)
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

    def refuse(*_: object, **__: object) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    notes: list[str] = []
    monkeypatch.setattr(Path, "is_dir", refuse)  # root, who may run this, may do it all
    monkeypatch.setattr(Path, "mkdir", refuse)
    assert known_labs(tmp_path) == ["pair"]
    assert find_state(tmp_path, "pair", say=notes.append, opener=refuse) is None
    assert notes == ["pair: its database cannot be opened: Permission denied; run this with sudo"]


def test_a_database_is_blank_until_something_is_known() -> None:
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
    assert author(4242424) == "4242424"
