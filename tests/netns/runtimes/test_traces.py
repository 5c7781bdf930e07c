"""What nlan leaves on the machine: nothing, whenever it was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nlan.paths import Paths
from nlan.runtimes.netns.runtime import NetnsRuntime

PRIVATE_RUN = """
set -e
while umount -l /run/netns 2> /dev/null; do :; done
while umount -l /run/nlan 2> /dev/null; do :; done
mount -t tmpfs tmpfs /run
"""

KILLED = """
import os, signal, sys
from pathlib import Path
from nlan.paths import Paths
from nlan.runtimes.netns.runtime import NetnsRuntime
from nlan.runtimes.netns.kernel import syscalls
run, netns, lab, call, count, work = sys.argv[1:]
left = int(count)
real = getattr(syscalls, call)
def deadly(*arguments):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)
runtime = NetnsRuntime(Paths(Path(run), Path(netns)), lab)
setattr(syscalls, call, deadly)
with runtime.lock():
    if work == "up":
        failures = runtime.create(["a", "b", "@fabric"])
        assert not failures, failures
        runtime.spawn("a", ["sleep", "1000"])
    else:
        runtime.cleanup()
"""


def killed_at(paths: Paths, lab: str, call: str, count: int, work: str) -> bool:
    """Do the work in a process that is killed just before its n-th such call; False if there is none."""
    words = [sys.executable, "-c", KILLED, str(paths.run), str(paths.netns), lab, call, str(count), work]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, -9), done.stderr
    return done.returncode == -9


@pytest.mark.parametrize(
    ("call", "least"), [("mount", 3), ("unshare", 3), ("open_tree", 1), ("move_mount", 1)]
)
def test_killed_while_making_then_completed(paths: Paths, lab_name: str, call: str, least: int) -> None:
    count = 0
    while killed_at(paths, lab_name, call, count := count + 1, "up"):
        lab = NetnsRuntime(paths, lab_name)
        with lab.lock():
            assert lab.create(["a", "b", "@fabric"]) == {}
            assert lab.namespaces() == ["@fabric", "a", "b"]
            assert lab.run("a", ["hostname"]).stdout == b"a\n"
            lab.cleanup()
        assert not paths.run.exists()
    assert count > least
    lab = NetnsRuntime(paths, lab_name)
    with lab.lock():
        lab.cleanup()


def test_killed_while_making_then_removed(paths: Paths, lab_name: str) -> None:
    count = 0
    while killed_at(paths, lab_name, "mount", count := count + 1, "up"):
        lab = NetnsRuntime(paths, lab_name)
        with lab.lock():
            lab.cleanup()
        assert not paths.run.exists()
        assert not paths.netns.exists()
    lab = NetnsRuntime(paths, lab_name)
    with lab.lock():
        lab.cleanup()


def test_killed_while_removing_then_removed(paths: Paths, lab_name: str) -> None:
    count, killed = 0, True
    while killed:
        lab = NetnsRuntime(paths, lab_name)
        with lab.lock():
            assert lab.create(["a", "b", "@fabric"]) == {}
            lab.spawn("a", ["sleep", "1000"])
        killed = killed_at(paths, lab_name, "umount", count := count + 1, "down")
        with lab.lock():
            lab.cleanup()
        assert not paths.run.exists()
        assert not paths.netns.exists()
    assert count > 3


def in_private_run(script: str) -> str:
    """Run a shell script with a /run of its own, so that nobody else can disturb what is compared."""
    words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", PRIVATE_RUN + script]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


PYTHON = f"""
nlan() {{ {sys.executable} -c "
import sys; from nlan.api.environment.nodes import open_nodes; from nlan.paths import Paths
lab = open_nodes(Paths(), sys.argv[1])
with lab.lock():
    if sys.argv[2] == 'up':
        assert lab.create(['r1', '@fabric']) == {{}}
        lab.run('r1', ['true'])
    else:
        lab.cleanup()
" "$@"; }}
state() {{ find /run; sed 's/^[0-9]* [0-9]* //' /proc/self/mountinfo; }}
"""


def test_the_machine_is_as_it_was(lab_name: str) -> None:
    script = f"""{PYTHON}
state > /dev/shm/{lab_name}
nlan {lab_name} up
ip netns list
nlan {lab_name} down
state | diff /dev/shm/{lab_name} - && rm /dev/shm/{lab_name}
"""
    assert in_private_run(script) == f"{lab_name}.r1\n"


def test_namespaces_of_others_stay_and_the_mount_is_not_multiplied(lab_name: str) -> None:
    script = f"""{PYTHON}
ip netns add {lab_name}-before
ip -n {lab_name}-before link set lo up
nlan {lab_name} up
nlan {lab_name} up
ip netns add {lab_name}.foreign
nlan {lab_name}-2 up
grep -c ' /run/netns ' /proc/self/mounts
ip netns exec {lab_name}.r1 ip -o link | wc -l
nlan {lab_name} down
nlan {lab_name}-2 down
ip netns list
ip netns exec {lab_name}-before ip -o link | grep -c UP
ip netns del {lab_name}-before
ip netns del {lab_name}.foreign
test ! -e /run/nlan
"""
    lines = in_private_run(script).splitlines()
    assert lines[:2] == ["1", "1"]
    assert sorted(lines[2:-1]) == sorted([f"{lab_name}-before", f"{lab_name}.foreign"])
    assert lines[-1] == "1"


def test_ip_netns_after_nlan_made_the_mount(lab_name: str) -> None:
    script = f"""{PYTHON}
nlan {lab_name} up
ip netns add {lab_name}-after
nlan {lab_name} down
ip netns list
grep -c ' /run/netns ' /proc/self/mounts
ip netns del {lab_name}-after
"""
    assert in_private_run(script).splitlines() == [f"{lab_name}-after", "1"]


def test_ip_netns_del_by_hand_is_seen(lab_name: str) -> None:
    script = f"""{PYTHON}
nlan {lab_name} up
ip netns del {lab_name}.r1
nlan {lab_name} up
ip netns list
nlan {lab_name} down
"""
    assert in_private_run(script).splitlines() == [f"{lab_name}.r1"]


def test_no_process_is_left(paths: Paths, lab_name: str) -> None:
    lab = NetnsRuntime(paths, lab_name)
    with lab.lock():
        lab.create(["a"])
        pid = lab.spawn("a", ["sleep", "1000"])
        lab.cleanup()
        assert not Path(f"/proc/{pid}").exists()
