"""`down` leaves the machine as it was, with or without file and database, and touches nobody else's."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support import Machine, Nlan

FILE = """
nodes:
  r1: {asn: 64496, hosts: 1, limits: {pids: 200}}
  r2: {asn: 64497, engine: gobgp}
  r3: {ospf: true, hosts: 1}
  r4: {ospf: true}
networks:
  wan: {nodes: [r1, r2], vni: 7}
links: [r3 -- r4]
"""


def test_down_leaves_the_machine_as_it_was(nlan: Nlan) -> None:
    before, lab = Machine.look(nlan.name()), nlan.name()
    nlan("up", nlan.write(FILE), "--lab", lab)
    running = Machine.look(nlan.name())
    assert running.namespaces
    assert running.mounts
    assert running.cgroups
    assert running.files
    assert running.daemons
    assert running.links == before.links, "nothing of a lab is in the host's own namespace"
    nlan("down", lab)
    before.same(nlan.name())
    assert lab not in nlan.running()


def test_what_this_machine_refuses_leaves_nothing(nlan: Nlan) -> None:
    """Limits where there are no cgroups: no namespace, no run directory, no database."""
    before, lab = Machine.look(nlan.name()), nlan.name()
    nlan.env |= {"NLAN_CGROUP_DIR": str(nlan.directory / "no-cgroups")}
    answer = nlan("up", nlan.write(FILE), "--lab", lab, code=1)
    assert "r1.limits.pids: cannot be had on this machine" in answer.err
    before.same(nlan.name())
    assert not Path(nlan.env["NLAN_STATE_DIR"]).exists()


def test_down_ends_what_people_started_in_nodes(nlan: Nlan) -> None:
    before, lab = Machine.look(nlan.name()), nlan.name()
    nlan("up", nlan.write(FILE), "--lab", lab, "--wait", "up")
    nlan.inside(lab, "r1", "ip", "link", "add", "own0", "type", "bridge")
    with _sleeper(nlan, lab, "r1"), _sleeper(nlan, lab, "r1/172.21.1.2", "trap '' TERM"):
        nlan("down", lab)
        before.same(nlan.name())


def test_down_needs_neither_file_nor_database(nlan: Nlan) -> None:
    before, lab = Machine.look(nlan.name()), nlan.name()
    file = nlan.write(FILE)
    nlan("up", file, "--lab", lab)
    os.unlink(file)
    shutil.rmtree(nlan.env["NLAN_STATE_DIR"])
    status = nlan.run("status", lab)
    assert "its database is lost" in status.out
    nlan("ping", "r3", "r4", "-l", lab)
    nlan("down", lab)
    before.same(nlan.name())


def test_a_lost_database_is_begun_anew_by_up(nlan: Nlan) -> None:
    lab, file = nlan.name(), nlan.write(FILE)
    nlan("up", file, "--lab", lab)
    shutil.rmtree(nlan.env["NLAN_STATE_DIR"])
    assert nlan.operations(file, "--lab", lab) == []
    assert "nothing to do" in nlan("up", file, "--lab", lab).out
    nlan("status", lab)


def test_a_damaged_database_is_set_aside(nlan: Nlan) -> None:
    lab, file = nlan.name(), nlan.write(FILE)
    nlan("up", file, "--lab", lab, "--wait", "up")
    directory = Path(nlan.env["NLAN_STATE_DIR"], lab, "tega")
    for path in directory.iterdir():
        path.write_bytes(b"this is no database" * 500)
    damaged = {path.read_bytes() for path in directory.iterdir()}
    answer = nlan("up", file, "--lab", lab)
    assert "the damaged database is set aside as " in answer.err
    assert "nothing to do" in answer.out
    kept = [path for path in directory.parent.rglob("*") if path.is_file() and path.read_bytes() in damaged]
    assert kept
    nlan("status", lab)
    nlan("down", lab)


def test_foreign_namespaces_and_links_stay(nlan: Nlan) -> None:
    """Namespaces named like a lab's, and links of the host named like its ports and bridges."""
    lab = nlan.name()
    with _foreign_namespaces(f"{lab}.foreign", f"{lab}x.r1", f"{lab}"), _foreign_links("underlay", "u.r1"):
        before = Machine.look(nlan.name())
        answer = nlan("up", nlan.write(FILE), "--lab", lab)
        assert "converged" in answer.out
        assert not [name for name in nlan.status(lab)["nodes"] if "foreign" in name]
        nlan("down", lab)
        before.same(nlan.name())
        assert subprocess.run(["ip", "-n", f"{lab}.foreign", "link"], check=False).returncode == 0


def test_a_foreign_namespace_in_the_way_is_refused_and_stays(nlan: Nlan) -> None:
    lab = nlan.name()
    with _foreign_namespaces(f"{lab}.r2"):
        before = Machine.look(nlan.name())
        answer = nlan("up", nlan.write(FILE), "--lab", lab, code=1)
        assert f"{lab}.r2 is a namespace that nlan did not make" in answer.err
        before.same(nlan.name())


def test_down_all_takes_every_lab(nlan: Nlan) -> None:
    """In a run directory of its own, where no lab of somebody else's is."""
    apart = {name: str(nlan.directory / name.lower()) for name in ("NLAN_RUN_DIR", "NLAN_NETNS_DIR")}
    nlan.env.update(apart)
    file = nlan.write("nodes: [a, b]\nlinks: [a -- b]\n")
    for suffix in ("one", "two"):
        nlan("up", file, "--lab", nlan.name(suffix))
    assert len(nlan("down", "--all", "--json").json) == 2
    assert nlan.running() == []
    assert nlan("ls").out.startswith("no lab runs; these are remembered ")
    assert len(nlan("down", "--all", "--purge", "--json").json) == 2
    assert nlan("ls").out == "no lab runs\n"
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    assert str(nlan.directory) not in mounts
    assert [path for path in map(Path, apart.values()) if path.exists() and any(path.iterdir())] == []


@contextmanager
def _sleeper(nlan: Nlan, lab: str, node: str, first: str = "true") -> Iterator[None]:
    """Run a shell in a node that only ends by a signal; it must have ended at the end of the block."""
    process = nlan.start(
        "exec", node, "-l", lab, "--", "sh", "-c", f"{first}; echo ready; read x < /dev/zero"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    try:
        yield
        process.wait(timeout=10)
    finally:
        process.kill()
        process.communicate()


@contextmanager
def _foreign_namespaces(*names: str) -> Iterator[None]:
    made = []
    try:
        for name in names:
            subprocess.run(["ip", "netns", "add", name], check=True)
            made.append(name)
        yield
    finally:
        for name in made:
            subprocess.run(["ip", "netns", "del", name], check=True)


@contextmanager
def _foreign_links(*names: str) -> Iterator[None]:
    made = []
    try:
        for name in names:
            subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
            made.append(name)
        yield
    finally:
        for name in made:
            subprocess.run(["ip", "link", "del", name], check=True)
