"""inotify tells what changed in a directory, by name."""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nlan.errors import HostError
from nlan.system import inotify
from nlan.system.inotify import Inotify


@pytest.fixture
def told() -> Iterator[Inotify]:
    one = Inotify()
    yield one
    one.close()


def test_names_of_what_came_and_went(told: Any, tmp_path: Path) -> None:
    assert told.add(tmp_path, inotify.CREATE | inotify.DELETE)
    (tmp_path / "a").touch()
    (tmp_path / "a").unlink()
    changes = list(told.changes())
    assert [(c.path, c.name) for c in changes] == [(tmp_path, "a"), (tmp_path, "a")]
    assert [bool(c.mask & inotify.DELETE) for c in changes] == [False, True]


def test_nothing_is_told_of_what_is_not_there(told: Any, tmp_path: Path) -> None:
    assert not told.add(tmp_path / "absent", inotify.CREATE)
    assert list(told.changes()) == []


def test_a_removed_watch_is_silent(told: Any, tmp_path: Path) -> None:
    told.add(tmp_path, inotify.CREATE)
    told.remove(tmp_path)
    told.remove(tmp_path)
    (tmp_path / "a").touch()
    assert [c.name for c in told.changes() if not c.mask & inotify.IGNORED] == []


def test_too_many_of_them_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(flags: int) -> int:
        ctypes.set_errno(errno.EMFILE)
        return -1

    monkeypatch.setattr(inotify, "_libc", SimpleNamespace(inotify_init1=none_left))
    with pytest.raises(HostError, match=r"Too many open files; the sysctl fs\.inotify\.max_user_instances"):
        Inotify()
