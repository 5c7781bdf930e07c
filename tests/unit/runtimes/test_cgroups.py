"""Which files are written, on a tree of ordinary files that looks like the kernel's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nlan.errors import HostError
from nlan.runtimes.netns.limits.cgroups import Cgroups


def make(directory: Path, **files: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (directory / name.replace("__", ".")).write_text(text)
    return directory


@pytest.fixture
def unified(tmp_path: Path) -> Path:
    names = {
        "cgroup__controllers": "cpu memory pids\n",
        "cgroup__procs": "",
        "cgroup__subtree_control": "pids",
    }
    make(tmp_path, **names)
    make(tmp_path / "nlan", cgroup__subtree_control="")
    make(tmp_path / "nlan" / "lab", cgroup__subtree_control="")
    make(tmp_path / "nlan" / "lab" / "a")
    return tmp_path


@pytest.fixture
def hybrid(tmp_path: Path) -> Path:
    make(tmp_path / "unified", cgroup__controllers="", cgroup__procs="")
    for controller in ("memory", "cpu", "pids"):
        make(tmp_path / controller, cgroup__procs="")
    return tmp_path


def test_version_2(unified: Path) -> None:
    groups = Cgroups(unified, "lab")
    groups.set_limits("a", {"memory": 64 * 2**20, "cpu": 0.5, "pids": 20})
    node = unified / "nlan" / "lab" / "a"
    written = {name: (node / name).read_text() for name in ("memory.max", "cpu.max", "pids.max")}
    assert written == {"memory.max": "67108864", "cpu.max": "50000 100000", "pids.max": "20"}
    assert (unified / "nlan" / "lab" / "cgroup.subtree_control").read_text() == "+pids"
    assert groups.limits("a") == {"memory": 64 * 2**20, "cpu": 0.5, "pids": 20}
    groups.set_limits("a", {"cpu": 2.0})
    assert groups.limits("a") == {"cpu": 2.0}
    assert (node / "memory.max").read_text() == "max"


def test_version_1_hierarchies(hybrid: Path) -> None:
    groups = Cgroups(hybrid, "lab", own="1:memory:/\n2:cpu:/\n3:pids:/\n0::/\n")
    assert groups.tracking == hybrid / "unified"
    groups.set_limits("a", {"memory": 4096, "cpu": 1.5, "pids": 7})
    assert (hybrid / "memory/nlan/lab/a/memory.limit_in_bytes").read_text() == "4096"
    assert (hybrid / "cpu/nlan/lab/a/cpu.cfs_quota_us").read_text() == "150000"
    assert (hybrid / "pids/nlan/lab/a/pids.max").read_text() == "7"
    assert groups.limits("a") == {"memory": 4096, "cpu": 1.5, "pids": 7}
    groups.set_limits("a", {})
    assert groups.limits("a") == {}


def test_process_joins_what_tracks_and_what_limits(hybrid: Path) -> None:
    groups = Cgroups(hybrid, "lab", own="1:memory:/\n2:cpu:/\n3:pids:/\n")
    groups.set_limits("a", {"pids": 7})
    groups.join("a", 4711)
    assert (hybrid / "unified/nlan/lab/a/cgroup.procs").read_text() == "4711"
    assert (hybrid / "pids/nlan/lab/a/cgroup.procs").read_text() == "4711"
    assert not (hybrid / "cpu/nlan/lab/a").exists()
    assert groups.processes("a") == [4711]
    assert groups.namespaces() == ["a"]


def test_what_is_started_is_in_what_tracks_and_what_limits_at_once(hybrid: Path, tmp_path: Path) -> None:
    groups = Cgroups(hybrid, "lab", own="1:memory:/\n2:cpu:/\n3:pids:/\n")
    groups.set_limits("a", {"pids": 7})
    descriptor = groups.prepare("a")
    assert os.readlink(f"/proc/self/fd/{descriptor}") == str(hybrid / "unified/nlan/lab/a")
    os.close(descriptor)
    assert (hybrid / "pids/nlan/lab/a/tasks").read_text() == "0"


def test_a_controller_that_confines_nlan_itself_is_left_alone(hybrid: Path) -> None:
    groups = Cgroups(hybrid, "lab", own="4:memory:/user/7\n1:cpu:/\n8:pids:/\n", nest=False)
    with pytest.raises(HostError) as said:
        groups.set_limits("a", {"memory": 4096})
    assert str(said.value) == (
        "a: its memory limit cannot be set: "
        "nlan itself is confined to memory cgroup /user/7, and does not move out of it; "
        "NLAN_CGROUP_NEST=1 lets it make the nodes' cgroups below"
    )
    assert not (hybrid / "memory" / "nlan").exists()


def test_without_cgroups_nodes_run_and_limits_are_errors(tmp_path: Path) -> None:
    groups = Cgroups(tmp_path, "lab", own="")
    groups.join("a", 4711)
    assert groups.prepare("a") == -1
    assert groups.processes("a") == []
    assert groups.limits("a") == {}
    groups.set_limits("a", {})
    groups.remove("a")
    groups.remove_lab()
    with pytest.raises(HostError, match="the pids controller is not mounted at"):
        groups.set_limits("a", {"pids": 5})
    assert list(tmp_path.iterdir()) == []


def test_rounding_of_a_tiny_share(hybrid: Path) -> None:
    groups = Cgroups(hybrid, "lab", own="2:cpu:/\n")
    groups.set_limits("a", {"cpu": 0.001})
    assert groups.limits("a") == {"cpu": 0.01}, "the kernel takes no quota below a millisecond"


NESTED = "4:memory:/user/7\n1:cpu:/\n8:pids:/\n"


@pytest.fixture
def nested(hybrid: Path) -> Path:
    make(hybrid / "memory" / "user" / "7", cgroup__procs="", memory__use_hierarchy="1\n")
    return hybrid


def test_cgroups_below_the_callers_own_are_found_from_elsewhere(nested: Path, tmp_path: Path) -> None:
    record = tmp_path / "record"
    inner = Cgroups(nested, "lab", record, own=NESTED, nest=True)
    inner.set_limits("a", {"memory": 4096, "pids": 5})
    node = nested / "memory/user/7/nlan/lab/a"
    assert (node / "memory.limit_in_bytes").read_text() == "4096"
    assert record.read_text() == "memory /user/7\npids /\n"
    inner.set_limits("b", {"memory": 8192})
    assert record.read_text() == "memory /user/7\npids /\n"
    for own, nest in (("4:memory:/\n", False), ("4:memory:/user\n", False), ("4:memory:/other\n", True)):
        elsewhere = Cgroups(nested, "lab", record, own=own, nest=nest)
        assert elsewhere.limits("a") == {"memory": 4096, "pids": 5}
        elsewhere.join("a", 4711)
        assert (node / "cgroup.procs").read_text() == "4711"
        elsewhere.set_limits("a", {"memory": 12288})
        assert (node / "memory.limit_in_bytes").read_text() == "12288"
        assert elsewhere.namespaces() == ["a", "b"]
        inner.set_limits("a", {"memory": 4096, "pids": 5})
    assert not (nested / "memory" / "nlan").exists()


def test_one_that_knew_the_lab_before_reads_the_record_when_it_comes(nested: Path, tmp_path: Path) -> None:
    keeper = Cgroups(nested, "lab", tmp_path / "record", own="4:memory:/\n", nest=False)
    assert keeper.limits("a") == {}
    Cgroups(nested, "lab", tmp_path / "record", own=NESTED, nest=True).set_limits("a", {"memory": 4096})
    assert keeper.limits("a") == {"memory": 4096}
    (tmp_path / "record").unlink()
    assert keeper.limits("a") == {}


def test_a_recorded_place_that_has_gone_does_not_count(nested: Path, tmp_path: Path) -> None:
    (tmp_path / "record").write_text("memory /gone\n")
    groups = Cgroups(nested, "lab", tmp_path / "record", own="4:memory:/\n", nest=False)
    assert groups.why_not("memory") is None
    groups.set_limits("a", {"memory": 4096})
    assert (nested / "memory/nlan/lab/a/memory.limit_in_bytes").read_text() == "4096"


def test_no_nesting_where_an_outer_limit_would_not_count(nested: Path) -> None:
    (nested / "memory/user/7/memory.use_hierarchy").write_text("0\n")
    groups = Cgroups(nested, "lab", own=NESTED, nest=True)
    with pytest.raises(HostError, match="what is below would escape the limit of /user/7"):
        groups.set_limits("a", {"memory": 4096})


def test_an_own_cgroup_that_is_not_visible(hybrid: Path) -> None:
    reason = Cgroups(hybrid, "lab", own=NESTED, nest=True).why_not("memory")
    assert reason is not None
    assert "which is not visible at" in reason


def test_version_2_in_a_container_whose_processes_are_in_the_way(unified: Path) -> None:
    make(unified, cgroup__type="domain\n", cgroup__procs="1\n")
    groups = Cgroups(unified, "lab")
    assert groups.why_not("pids") is None, "it is handed down already"
    assert groups.why_not("memory") == (
        f"{unified} hands no memory controller down as long as processes stand in it"
    )


@pytest.mark.parametrize("made_from", ["4:memory:/\n", NESTED])
def test_a_process_does_not_leave_what_confines_it_without_permission(
    nested: Path, tmp_path: Path, made_from: str
) -> None:
    Cgroups(nested, "lab", tmp_path / "record", own=made_from, nest=True).set_limits("a", {"memory": 4096})
    elsewhere = Cgroups(nested, "lab", tmp_path / "record", own="4:memory:/user/8\n", nest=False)
    for join in (lambda: elsewhere.join("a", 4711), lambda: elsewhere.prepare("a")):
        with pytest.raises(
            HostError, match="outside of /user/8, which confines nlan itself; NLAN_CGROUP_NEST=1"
        ):
            join()
    assert elsewhere.limits("a") == {"memory": 4096}
    elsewhere.set_limits("a", {"memory": 8192})
    assert elsewhere.limits("a") == {"memory": 8192}
    assert elsewhere.namespaces() == ["a"]
