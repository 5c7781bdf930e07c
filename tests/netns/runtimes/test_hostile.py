"""What runs in a node as user frr may do what it likes in its directories: nothing outside is touched."""

from __future__ import annotations

import contextlib
import os
import pwd
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from nlan.engines.frr.run.files import Files
from nlan.runtimes.netns.runtime import NetnsRuntime
from nlan.system import safefiles

RACE_S = 2.0
"""How long each race lasts."""

AS_FRR = """
import ctypes, os, pwd, sys, itertools
frr = pwd.getpwnam("frr")
os.setgroups([]); os.setgid(frr.pw_gid); os.setuid(frr.pw_uid)
def exchange(one, other, swap=ctypes.CDLL(None).renameat2):
    return swap(-100, os.fsencode(one), -100, os.fsencode(other), 2)
def quietly(work, *words):
    try:
        return work(*words)
    except OSError:
        return None
"""

SWAP_FILES = """
os.chdir("/etc/frr")
os.symlink(sys.argv[1], ".bgpd.conf.new")
for number in itertools.count():
    link = f"link{number % 8}"
    quietly(os.symlink, sys.argv[1], link)
    for name in os.listdir("."):
        if not name.startswith("link"):
            exchange(name, link)
    if number == 8:
        open("/run/frr/ready", "w")
"""

SWAP_DIRECTORIES = """
os.chdir("/run/frr")
os.mkdir("tree")
os.symlink(sys.argv[1], "link")
open("/run/frr/ready", "w")
for number in itertools.count():
    for path in ("tree", "tree/a", "tree/a/b", "tree/a/b/c"):
        quietly(os.mkdir, path)
        quietly(os.close, quietly(os.open, path + "/file", os.O_CREAT) or -1)
        quietly(os.symlink, sys.argv[1], path + "/link")
    for name in ("tree/a/b", "tree/a", "tree"):
        exchange(name, "link")
        exchange(name, "link")
    for name in os.listdir("."):
        if name.startswith("."):
            exchange(name, "link")
            exchange(name, "link")
"""


class Outside(NamedTuple):
    """A directory of root's that no node has to do with."""

    path: Path

    def look(self) -> dict[str, tuple[int, int, int, bytes]]:
        """Return owner, mode, links and content of all that stands there."""
        found = {}
        for path in (self.path, *sorted(self.path.rglob("*"))):
            status = path.stat()
            content = path.read_bytes() if path.is_file() else b""
            found[str(path)] = status.st_uid, status.st_mode, status.st_nlink, content
        return found


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    path = tmp_path / "outside"
    (path / "below").mkdir(parents=True)
    for name in ("file", "bgpd.conf", "below/file"):
        (path / name).write_text("root's")
        (path / name).chmod(0o600)
    outside = Outside(path)
    before = outside.look()
    yield outside
    assert outside.look() == before


@pytest.fixture
def as_frr(place: NetnsRuntime) -> Callable[..., None]:
    try:
        pwd.getpwnam("frr")
    except KeyError:
        pytest.skip("FRR is not installed")

    def run(code: str, *words: str) -> None:
        place.spawn("a", [sys.executable, "-c", AS_FRR + code, *words], output=place.directory("a") / "out")
        deadline = time.monotonic() + 20
        while not (place.directory("a") / "run-frr" / "ready").exists():
            assert time.monotonic() < deadline, (place.directory("a") / "out").read_text()
            time.sleep(0.01)

    place.make_directory("a")
    return run


def test_files_that_are_given_to_frr_go_nowhere_else(
    place: NetnsRuntime, outside: Outside, as_frr: Callable[..., None]
) -> None:
    as_frr(SWAP_FILES, str(outside.path / "file"))
    files, written = Files(place.directory("a"), "bgpd"), 0
    deadline = time.monotonic() + RACE_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):  # what is to take the place was taken away
            files.write_config(["router bgp 64496"])
            written += 1
    assert written
    assert (place.directory("a") / "out").read_text() == ""


def test_trees_that_are_removed_end_at_their_links(
    place: NetnsRuntime, outside: Outside, as_frr: Callable[..., None]
) -> None:
    as_frr(SWAP_DIRECTORIES, str(outside.path))
    tree, removed = place.directory("a") / "run-frr" / "tree", 0
    deadline = time.monotonic() + RACE_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):  # it is filled faster than emptied
            safefiles.remove(tree)
            removed += 1
    assert removed
    assert (place.directory("a") / "out").read_text() == ""
    assert place.delete(["a"]) == {}
    assert not place.directory("a").exists()


def test_no_node_reaches_another_ones_directories(place: NetnsRuntime, as_frr: Callable[..., None]) -> None:
    place.make_directory("b")
    node = place.directory("b")
    (node / "run-frr" / "bgpd.vty").touch()
    code = """
for path in sys.argv[1:]:
    print(quietly(os.listdir, path), quietly(os.stat, path), flush=True)
open("/run/frr/ready", "w")
"""
    as_frr(code, str(node / "run-frr"), str(node / "run-frr" / "bgpd.vty"), str(node / "etc-frr"))
    assert (place.directory("a") / "out").read_text() == "None None\n" * 3
    assert node.stat().st_mode & 0o077 == 0


def test_frr_cannot_put_a_link_where_its_log_is_opened(
    place: NetnsRuntime, as_frr: Callable[..., None]
) -> None:
    """FRR opens its log as root."""
    as_frr('print(quietly(os.mkdir, "/var/log/frr/x"), flush=True); open("/run/frr/ready", "w")')
    assert os.listdir(place.directory("a") / "log-frr") == []
