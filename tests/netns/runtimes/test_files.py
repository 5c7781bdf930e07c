"""Directories that a node has of its own, said by whoever needs them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nlan.paths import Paths
from nlan.runtimes.base import NodeDirectory
from nlan.runtimes.netns.runtime import NetnsRuntime


def lab(paths: Paths, name: str, there: Path, owner: str = "") -> NetnsRuntime:
    """A lab whose nodes have a directory each that they see at that path."""
    return NetnsRuntime(paths, name, [NodeDirectory("own", there, owner, there.parent)])


@pytest.mark.parametrize("note", ["as it is", "of a former version, which said only the name"])
def test_what_is_bound_over_is_made_and_goes_with_the_last_lab(
    paths: Paths, lab_name: str, tmp_path: Path, note: str
) -> None:
    there = tmp_path / "theirs" / "state"
    there.parent.mkdir()
    made = lab(paths, lab_name, there)
    with made.lock():
        made.create(["a", "b"])
        made.run("a", ["touch", str(there / "of-a")])
        assert made.run("b", ["ls", str(there)]).stdout == b""
        assert (made.directory("a") / "own" / "of-a").exists()
        assert os.listdir(there) == []
        if note != "as it is":
            (paths.run / "made-own").write_text("")
        made.cleanup()
    assert there.parent.exists()
    assert not there.exists()


def test_what_was_there_stays(paths: Paths, lab_name: str, tmp_path: Path) -> None:
    there = tmp_path / "theirs" / "state"
    there.mkdir(parents=True)
    made = lab(paths, lab_name, there)
    with made.lock():
        made.create(["a"])
        made.run("a", ["true"])
        made.cleanup()
    assert there.exists()


def test_it_is_its_owners_where_the_machine_has_that_user(
    paths: Paths, lab_name: str, tmp_path: Path
) -> None:
    import pwd

    made = lab(paths, lab_name, tmp_path / "x", "nobody")
    assert (made.make_directory("a") / "own").stat().st_uid == pwd.getpwnam("nobody").pw_uid
    made = lab(paths, lab_name, tmp_path / "x", "no-such-user")
    assert (made.make_directory("b") / "own").stat().st_uid == 0
    with made.lock():
        made.cleanup()


def test_one_that_is_wanted_later_is_seen_by_a_node_that_is_there(
    paths: Paths, lab_name: str, tmp_path: Path
) -> None:
    there = tmp_path / "theirs"
    there.mkdir()
    before = NetnsRuntime(paths, lab_name)
    with before.lock():
        before.create(["a"])
        before.run("a", ["true"])
        after = lab(paths, lab_name, there)
        after.make_directory("a")
        after.run("a", ["touch", str(there / "here")])
        assert (after.directory("a") / "own" / "here").exists()
        after.cleanup()
