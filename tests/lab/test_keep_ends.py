"""`nlan keep` beside commands that were killed, signals, lost databases: how it begins, goes on and ends."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from keeping import DEADLINE_S, REPAIRED_MS, Keep, Lab, keeping, settled
from samples import EBGP_PAIR
from support import Machine, Nlan
from tega.database import open_database


@pytest.fixture
def pair(nlan: Nlan) -> str:
    """Give the name of a running lab of two routers."""
    nlan("up", nlan.write(EBGP_PAIR), "--lab", nlan.name())
    return nlan.name()


def test_an_unconfirmed_change_is_undone_though_nlan_was_killed(nlan: Nlan, pair: str) -> None:
    with keeping(nlan, pair) as keep:
        more = nlan.write(EBGP_PAIR.replace("hosts: 1}\nlinks", "hosts: 3}\nlinks"))
        change = nlan.start("up", more, "--lab", pair, "--confirm", "3")
        try:
            keep.event("keeping")
            assert "r2/172.21.2.4" in nlan("status", pair, "--json").json["nodes"]
        finally:
            change.kill()
            change.communicate()
        begun = keep.event("undone")["time"]
        assert keep.event("keeping")["time"] - begun < REPAIRED_MS / 1000, "keep held what it removed"
        status = nlan("status", pair, "--json").json
        assert "r2/172.21.2.4" not in status["nodes"]
        assert "r2/172.21.2.2" in status["nodes"]


def test_an_undo_that_fails_is_tried_rarely(nlan: Nlan, pair: str) -> None:
    """It was tried without a pause. A foreign link stands where one of the former revision shall be."""
    less = nlan.write(EBGP_PAIR.replace("r1: {asn: 64496, hosts: 1}", "r1: {asn: 64496}"))
    change = nlan.start("up", less, "--lab", pair, "--confirm", "1")
    assert change.stdout is not None
    change.stdout.readline()
    change.kill()
    change.communicate()
    ip = ("ip", "-n", f"{pair}.r1", "link")
    subprocess.run([*ip, "add", "br_172.21.1.1", "type", "bridge"], check=True)
    keep = Keep(nlan.start("keep", pair, "--json"))
    try:
        first = keep.event("error")
        assert "br_172.21.1.1" in first["error"]
        assert keep.event("error")["retry_s"] > first["retry_s"]
        subprocess.run([*ip, "del", "br_172.21.1.1"], check=True)
        keep.event("keeping")
        assert sum(note["event"] == "error" for note in keep.notes) < 8
    finally:
        keep.end()
    assert "r1/172.21.1.2" in nlan("status", pair, "--json").json["nodes"]


def test_an_up_that_was_killed_is_completed(nlan: Nlan, pair: str) -> None:
    with keeping(nlan, pair) as keep:
        more = nlan.write(EBGP_PAIR.replace("hosts: 1}\nlinks", "hosts: 9}\nlinks"))
        change = nlan.start("up", more, "--lab", pair, "-v")
        assert change.stderr is not None
        change.stderr.readline()
        change.kill()
        change.communicate()
        keep.event("keeping")
        status = settled(Lab(nlan, pair, keep))
        assert len([name for name in status["nodes"] if name.startswith("r2/")]) == 9


def test_down_ends_keep_and_leaves_nothing(nlan: Nlan) -> None:
    before = Machine.look(nlan.prefix)
    nlan("up", nlan.write(EBGP_PAIR), "--lab", nlan.name())
    with keeping(nlan, nlan.name()) as keep:
        nlan("down", nlan.name())
        assert keep.event("ended")["reason"] == "the lab was taken down"
        assert keep.ended() == 0
    before.same(nlan.prefix)


def test_detached_keep_repairs_and_ends_with_the_lab(nlan: Nlan) -> None:
    before = Machine.look(nlan.prefix)
    nlan("up", nlan.write(EBGP_PAIR), "--lab", nlan.name())
    nlan("keep", nlan.name(), "--detach")
    directory = Path("/run/nlan", nlan.name())
    pid = int((directory / "keep.pid").read_text())
    ended = os.pidfd_open(pid)
    try:
        assert "is kept already" in nlan("keep", nlan.name(), "--detach", code=1).err
        subprocess.run(["ip", "-n", f"{nlan.name()}.r1", "link", "del", "eth1"], check=True)
        deadline = time.monotonic() + DEADLINE_S
        while "r1 veth eth1" not in (directory / "keep.log").read_text():
            assert time.monotonic() < deadline
        nlan("down", nlan.name())
        assert select.select([ended], [], [], DEADLINE_S)[0]
    finally:
        os.close(ended)
    before.same(nlan.prefix)


@pytest.mark.parametrize("how", [(), ("--detach",)], ids=["staying", "detached"])
def test_the_last_keep_leaves_no_run_directory(nlan: Nlan, tmp_path: Path, how: tuple[str, ...]) -> None:
    """Its files were in the way of `down`, and nobody took the mount away after it."""
    for name in ("run", "netns"):
        nlan.env[f"NLAN_{name.upper()}_DIR"] = str(tmp_path / "host" / name)
    nlan("up", nlan.write("nodes: h[1-2]\nlinks: [h1 -- h2]\n"), "--lab", nlan.name())
    keep = nlan.start("keep", *how)
    if how:
        keep.communicate()
    else:
        assert keep.stdout is not None
        keep.stdout.readline()
    file = tmp_path / "host" / "run" / nlan.name() / "keep.pid"
    ended = os.pidfd_open(int(file.read_text()))
    nlan("down")
    assert select.select([ended], [], [], DEADLINE_S)[0]
    os.close(ended)
    keep.communicate()
    assert list((tmp_path / "host").iterdir()) == []


def test_signals_that_are_ignored_are_not_heard(nlan: Nlan, pair: str) -> None:
    """As a script's background ignores Ctrl-C, and `nohup` the end of a terminal."""
    ignored = (signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in ignored]
    try:
        process = nlan.start("keep", pair, "--json")
    finally:
        for number, handler in zip(ignored, before, strict=True):
            signal.signal(number, handler)
    keep = Keep(process)
    keep.event("keeping")
    for number in ignored:
        process.send_signal(number)
    subprocess.run(["ip", "-n", f"{pair}.r1", "link", "del", "eth1"], check=True)
    keep.repaired(kind="veth", node="r1")
    assert keep.end() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_keep_and_nothing_else(nlan: Nlan, pair: str, number: int) -> None:
    with keeping(nlan, pair) as keep:
        assert keep.end(number) == 0
    nlan("status", pair)
    with open_database(nlan.directory / "state" / pair / "tega") as database:
        roots = database.view().keys()
    assert not [root for root in roots if root.startswith("operational-") or root == "keep"]


def test_what_a_killed_keep_wrote_vanishes(nlan: Nlan, pair: str) -> None:
    with keeping(nlan, pair) as keep:
        assert keep.end(signal.SIGKILL) == -signal.SIGKILL
    with open_database(nlan.directory / "state" / pair / "tega") as database:
        leases = database.leases()
        assert [lease.owner for lease in leases] == ["keep"]
        assert leases[0].remaining <= 30
        database.revoke(leases[0].id)
        roots = database.view().keys()
    assert not [root for root in roots if root.startswith("operational-")]


def test_what_cannot_be_repaired_is_said_and_tried_rarely(nlan: Nlan, pair: str) -> None:
    """A foreign link stands where nlan's shall be."""
    with keeping(nlan, pair) as keep:
        netns = f"{pair}.r1"
        keep.process.send_signal(signal.SIGSTOP)
        subprocess.run(["ip", "-n", netns, "link", "del", "br_172.21.1.1"], check=True)
        subprocess.run(["ip", "-n", netns, "link", "add", "br_172.21.1.1", "type", "bridge"], check=True)
        keep.process.send_signal(signal.SIGCONT)
        first = keep.event("failed")
        assert "br_172.21.1.1" in first["error"]
        assert keep.event("failed")["retry_s"] > first["retry_s"]
        status = nlan("status", pair, "--json", code=1).json
        assert status["nodes"]["r1"]["state"] == "drift"
        subprocess.run(["ip", "-n", netns, "link", "del", "br_172.21.1.1"], check=True)
        keep.repaired(kind="bridge", node="r1")


@pytest.mark.parametrize("how", [(), ("--detach",)], ids=["staying", "detached"])
def test_a_keep_is_seen_and_ended_by_a_verb(nlan: Nlan, pair: str, how: tuple[str, ...]) -> None:
    if how:
        nlan("keep", pair, "--detach")
    else:
        keep = Keep(nlan.start("keep", pair, "--json"))
        keep.event("keeping")
    (row,) = [row for row in nlan("ls", "--json").json if row["lab"] == pair]
    assert os.path.exists(f"/proc/{row['kept_by']}")
    assert nlan("status", pair, "--json").json["kept_by"] == row["kept_by"]
    assert f"kept by process {row['kept_by']} (`nlan keep --stop` ends that)" in nlan("status", pair).out
    said = nlan("keep", "--stop", "-l", pair).out
    assert said == f"{pair}: kept no more, process {row['kept_by']} ended; the lab runs on\n"
    if not how:
        assert keep.ended() == 0
    assert nlan("status", pair, "--json").json["kept_by"] is None
    assert f"{pair} is not kept" in nlan("keep", "--stop", pair, code=1).err
    assert pair in nlan.running()


def test_a_lab_that_is_not_there_cannot_be_kept(nlan: Nlan) -> None:
    assert "no lab" in nlan("keep", nlan.name(), code=1).err


def overwrite(directory: Path) -> None:
    """Write nonsense into every file, in place."""
    for path in directory.iterdir():
        path.write_bytes(b"this is no database" * 500)


def read(directory: Path) -> set[bytes]:
    return {path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Have a process stand still for the length of the block, so that all happens at once for it."""
    os.kill(pid, signal.SIGSTOP)
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        os.sched_yield()
    yield
    os.kill(pid, signal.SIGCONT)


def until_quiet(directory: Path) -> None:
    """Wait until nothing has been written for longer than keep waits between two commits."""
    deadline = time.monotonic() + DEADLINE_S
    while time.time() - max(path.stat().st_mtime for path in directory.iterdir()) < 1.0:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("harm", [overwrite, shutil.rmtree], ids=["damaged", "removed"])
def test_a_database_that_gets_lost_is_said_and_the_lab_is_kept(
    nlan: Nlan, pair: str, harm: Callable[[Path], object]
) -> None:
    """Nothing is written to what is damaged, not even at the end, and a new one is taken up."""
    directory = nlan.directory / "state" / pair / "tega"
    with keeping(nlan, pair) as keep:
        until_quiet(directory)
        with stopped(keep.process.pid):
            harm(directory)
        damaged = read(directory) if directory.exists() else set()
        lost = keep.event("database-lost")
        assert lost["revision"] == 1
        assert "`nlan up FILE` sets the database aside" in lost["text"]
        subprocess.run(["ip", "-n", f"{pair}.r1", "link", "del", "eth1"], check=True)
        keep.repaired(kind="veth", node="r1")
        assert not directory.exists() or read(directory) == damaged
        nlan("up", nlan.write(EBGP_PAIR), "--lab", pair)
        keep.event("database-back")
        keep.event("keeping")
        subprocess.run(["ip", "-n", f"{pair}.r1", "link", "del", "eth1"], check=True)
        keep.repaired(kind="veth", node="r1")
        with open_database(directory, durability="normal") as database:
            assert "operational-r1" in database.view().keys()  # noqa: SIM118 - a view is no mapping
        assert settled(Lab(nlan, pair, keep))["drift"]["operations"] == []
        assert keep.end() == 0
    assert damaged <= read(directory)


def test_keep_goes_on_while_somebody_only_looks(nlan: Nlan, pair: str) -> None:
    """`status` sets a damaged database aside and leaves an empty one: no sign that the lab is down."""
    directory = nlan.directory / "state" / pair / "tega"
    with keeping(nlan, pair) as keep:
        until_quiet(directory)
        with stopped(keep.process.pid):
            overwrite(directory)
        keep.event("database-lost")
        nlan.run("status", pair)
        subprocess.run(["ip", "-n", f"{pair}.r1", "link", "del", "eth1"], check=True)
        keep.repaired(kind="veth", node="r1")
        nlan("down", pair)
        assert keep.ended() == 0
