from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from netns.support import shell
from nlan.api.inside.execution import run_all
from nlan.engines.frr.directories import DIRECTORIES
from nlan.errors import HostError
from nlan.netlink.watch import allow_descriptors
from nlan.paths import Paths
from nlan.runtimes.netns.kernel import spawn
from nlan.runtimes.netns.limits.cgroups import Cgroups
from nlan.runtimes.netns.nodespace import NODE_NETNS
from nlan.runtimes.netns.runtime import NetnsRuntime


@pytest.fixture
def node(runtime: NetnsRuntime) -> NetnsRuntime:
    runtime.create(["a", "b"])
    return runtime


def wait_until_gone(pid: int) -> None:
    descriptor = os.pidfd_open(pid)
    try:
        assert select.select([descriptor], [], [], 10)[0]
    finally:
        os.close(descriptor)


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_sees_its_own_network_hostname_and_hosts(node: NetnsRuntime) -> None:
    node.hosts_file.write_text("192.0.2.1 pe1\n")
    assert shell(node, "a", "hostname; ls /sys/class/net; cat /etc/hosts") == "a\nlo\n192.0.2.1 pe1\n"


def test_a_hosts_name_is_its_address(runtime: NetnsRuntime) -> None:
    runtime.create(["ce1/172.21.1.2"])
    assert shell(runtime, "ce1/172.21.1.2", "hostname") == "172.21.1.2\n"


def test_pins_of_the_lab_are_not_mounted_inside(node: NetnsRuntime) -> None:
    mounts = shell(node, "a", "cat /proc/self/mounts")
    assert str(node.paths.netns) not in mounts
    assert f"{node.paths.run}/" not in mounts


@pytest.fixture
def unbound_pin() -> Iterator[str]:
    """Give the name of a file where `ip netns` looks, as the host's pins are without their mounts."""
    if not NODE_NETNS.is_dir():
        pytest.skip(f"there is no {NODE_NETNS}")
    pin = NODE_NETNS / f"n{os.getpid()}"
    pin.touch()
    yield pin.name
    pin.unlink()


def test_tools_for_namespaces_see_none_of_the_hosts(node: NetnsRuntime, unbound_pin: str) -> None:
    """`ip address` would complain of each pin, for each link whose other end is in another namespace."""
    with node.inside("a"):
        peer = ["peer", "name", "y", "netns", str(node.paths.pin(node.lab, "b"))]
        subprocess.run(["ip", "link", "add", "x", "type", "veth", *peer], check=True)
    done = node.run("a", ["sh", "-c", "ip address; ip netns"])
    assert b"x@if" in done.stdout
    assert unbound_pin.encode() not in done.stdout
    assert done.stderr == b""
    words = "ip netns add mine; ip -n mine address; ip netns"
    assert "mine" in shell(node, "a", words)
    assert shell(node, "b", "ip netns") == ""
    assert os.listdir(NODE_NETNS).count("mine") == 0


def test_mounts_stay_in_the_node_and_last(node: NetnsRuntime) -> None:
    shell(node, "a", "mount -t tmpfs -o size=1m mine /mnt && touch /mnt/here && hostname other")
    assert shell(node, "a", "ls /mnt; hostname") == "here\nother\n"
    assert "here" not in shell(node, "b", "ls /mnt; hostname")
    assert not Path("/mnt/here").exists()


@pytest.mark.skipif(not os.path.isdir("/etc/frr"), reason="FRR is not installed")
def test_frr_directories_are_the_nodes_own(node: NetnsRuntime) -> None:
    (node.make_directory("a") / "etc-frr" / "frr.conf").write_text("hostname a\n")
    shell(node, "a", "touch /run/frr/x")
    assert shell(node, "a", "cat /etc/frr/frr.conf") == "hostname a\n"
    assert (node.directory("a") / "run-frr" / "x").exists()
    assert shell(node, "b", "ls /run/frr") == ""


@pytest.mark.skipif(not os.path.isdir("/etc/frr"), reason="FRR is not installed")
def test_a_node_of_a_former_version_gets_the_directories_that_it_lacks(node: NetnsRuntime) -> None:
    """Its mount namespace has two of them, and everybody may look into its directory."""
    two = [one for one in DIRECTORIES if one.name in ("etc-frr", "run-frr")]
    former = NetnsRuntime(node.paths, node.lab, two)
    former.make_directory("a").chmod(0o755)
    shell(former, "a", "touch /run/frr/here")
    for _ in range(2):
        directory = node.make_directory("a")
        assert directory.stat().st_mode & 0o077 == 0
        shell(node, "a", "ls /run/frr/here; touch /var/log/frr/here /var/tmp/frr/here")
        assert os.listdir(directory / "log-frr") == os.listdir(directory / "tmp-frr") == ["here"]


def test_a_process_is_in_its_cgroup_before_its_program_begins(
    node: NetnsRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An nlan that was killed in between left daemons outside of all limits, never to be noticed."""
    if node.cgroups.tracking is None:
        pytest.skip("there is no cgroup that tracks a node")
    if not (node.cgroups.tracking / "tasks").exists() and not spawn.CAN_PLACE:
        pytest.skip("the C library cannot start a program in a cgroup")
    monkeypatch.setattr(Cgroups, "join", lambda *_: None)
    assert f"/nlan/{node.lab}/a\n" in shell(node, "a", "cat /proc/self/cgroup")
    with pytest.raises(HostError, match="no-such-program: cannot be started: No such file or directory"):
        node.run("a", ["no-such-program"])


KILLED = """
import os, signal, sys
from pathlib import Path
from nlan.paths import Paths
from nlan.runtimes.netns.runtime import NetnsRuntime
lab = NetnsRuntime(Paths(Path(sys.argv[1]), Path(sys.argv[2])), sys.argv[3])
with lab.lock():
    lab.create(["a"])
    pid = lab.spawn("a", ["sleep", "1000"])
    (lab.cgroups.tracking / "cgroup.procs").write_text(str(pid))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_outside_of_its_cgroup_is_noticed_by_the_next_run(paths: Paths, lab_name: str) -> None:
    lab = NetnsRuntime(paths, lab_name)
    if lab.cgroups.tracking is None:
        pytest.skip("there is no cgroup that tracks a node")
    words = [sys.executable, "-c", KILLED, str(paths.run), str(paths.netns), lab_name]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    (pid,) = lab.processes("a")
    assert lab.cgroups.processes("a") == []
    with lab.lock():
        assert lab.cgroups.processes("a") == [pid]
        lab.cleanup()


def test_spawned_process_is_in_the_nodes_cgroup_and_session(node: NetnsRuntime) -> None:
    pid = node.spawn("a", ["sleep", "1000"])
    try:
        assert os.getsid(pid) == pid
        assert node.processes("a") == {pid: "sleep"}
        assert node.processes("b") == {}
        if node.cgroups.tracking is not None:
            assert f"/nlan/{node.lab}/a" in Path(f"/proc/{pid}/cgroup").read_text()
            assert node.cgroups.processes("a") == [pid]
        assert os.readlink(f"/proc/{pid}/fd/0") == "/dev/null"
        deadline = time.monotonic() + 10  # the loader has a library open for a moment
        while (left := sorted(os.listdir(f"/proc/{pid}/fd"))) != [
            "0",
            "1",
            "2",
        ] and time.monotonic() < deadline:
            continue
        assert left == ["0", "1", "2"], [os.readlink(f"/proc/{pid}/fd/{n}") for n in left]
    finally:
        end(pid)
    assert node.processes("a") == {}


def test_output_is_appended(node: NetnsRuntime, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    pid = node.spawn("a", ["sh", "-c", "echo out; echo err >&2; echo $WORD"], output=log, env={"WORD": "w"})
    assert os.waitpid(pid, 0)[1] == 0
    assert log.read_text() == "before\nout\nerr\nw\n"


def test_signals_and_file_limit_are_the_usual_ones(node: NetnsRuntime) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft = resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)[0]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before[0], before[1]))
        allow_descriptors(before[0])
        pid = node.spawn("a", ["sleep", "1000"])
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            assert resource.prlimit(pid, resource.RLIMIT_NOFILE) == before
        finally:
            end(pid)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert soft
    ignored = int(status.partition("SigIgn:")[2].split()[0], 16)
    assert not ignored & 1 << (signal.SIGPIPE - 1)


def test_missing_program_is_said(node: NetnsRuntime) -> None:
    with pytest.raises(HostError, match="no-such-program: cannot be started: No such file"):
        node.spawn("a", ["no-such-program"])


def test_run_passes_code_and_output(node: NetnsRuntime) -> None:
    done = node.run("a", ["sh", "-c", "echo out; echo err >&2; exit 7"])
    assert done == (7, b"out\n", b"err\n")
    assert node.run("a", ["sh", "-c", "kill -9 $$"]).returncode == -9
    big = node.run("a", ["sh", "-c", "head -c 3000000 /dev/zero"])
    assert len(big.stdout) == 3_000_000


def test_run_does_not_wait_for_grandchildren(node: NetnsRuntime) -> None:
    done = node.run("a", ["sh", "-c", "sleep 1000 & echo $!"], timeout_s=20)
    assert done.returncode == 0
    pid = int(done.stdout)
    descriptor = os.pidfd_open(pid)
    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    assert select.select([descriptor], [], [], 10)[0]
    os.close(descriptor)


def test_run_has_a_deadline(node: NetnsRuntime) -> None:
    with pytest.raises(TimeoutError):
        node.run("a", ["sleep", "1000"], timeout_s=0.1)
    assert node.processes("a") == {}


def test_enter_moves_the_whole_process(node: NetnsRuntime) -> None:
    script = (
        "import os, sys; from pathlib import Path; from nlan.paths import Paths\n"
        "from nlan.runtimes.netns.runtime import NetnsRuntime\n"
        "NetnsRuntime(Paths(Path(sys.argv[1]), Path(sys.argv[2])), sys.argv[3]).enter('a')\n"
        "os.execvp('sh', ['sh', '-c', 'hostname; ls /sys/class/net; pwd; cat /proc/self/cgroup'])"
    )
    words = [sys.executable, "-c", script, str(node.paths.run), str(node.paths.netns), node.lab]
    done = subprocess.run(words, capture_output=True, text=True, cwd="/usr", check=True)
    lines = done.stdout.splitlines()
    assert lines[:3] == ["a", "lo", "/usr"]
    if node.cgroups.tracking is not None:
        assert any(line.endswith(f"/nlan/{node.lab}/a") for line in lines)


def test_what_takes_the_place_of_nlan_is_ended_by_a_broken_pipe(node: NetnsRuntime) -> None:
    """Python ignores SIGPIPE, and a program inherits that: `yes | head` complained."""
    script = (
        "import os, sys; from pathlib import Path; from nlan.paths import Paths\n"
        "from nlan.runtimes.netns.runtime import NetnsRuntime\n"
        "NetnsRuntime(Paths(Path(sys.argv[1]), Path(sys.argv[2])), sys.argv[3]).enter('a')\n"
        "os.execvp('sh', ['sh', '-c', 'kill -PIPE $$; echo still there'])"
    )
    words = [sys.executable, "-c", script, str(node.paths.run), str(node.paths.netns), node.lab]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (-signal.SIGPIPE, "")


def test_a_removed_directory_is_no_place_to_stay(
    node: NetnsRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command in a directory that was removed could start no daemon."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert shell(node, "a", "pwd") == "/\n"


def test_a_run_that_is_stopped_is_killed_with_all_it_started(node: NetnsRuntime) -> None:
    stop = os.eventfd(1)
    done = node.run("a", ["sh", "-c", "sleep 1000 & sleep 1000"], stop=stop)
    os.close(stop)
    assert done.returncode == -signal.SIGKILL
    while node.processes("a"):  # the kernel is at it
        os.sched_yield()


def test_ctrl_c_ends_a_command_in_many_nodes(node: NetnsRuntime) -> None:
    """Their sessions do not hear it: nlan waited for them for ever, and could not be interrupted again."""
    hit = f'[ "$(hostname)" = a ] && kill -INT {os.getpid()}; sleep 1000'
    with pytest.raises(KeyboardInterrupt):
        run_all(node, ["a", "b"], ["sh", "-c", hit])
    while node.processes("a") or node.processes("b"):
        os.sched_yield()


def test_deleting_ends_what_runs_inside_however_it_got_there(node: NetnsRuntime) -> None:
    ours = node.spawn("a", ["sleep", "1000"])
    deaf = node.spawn("a", ["sh", "-c", "trap '' TERM; echo ready; sleep 1000; sleep 1000"])
    words = ["nsenter", f"--net={node.paths.pin(node.lab, 'a')}", "sleep", "1000"]
    with subprocess.Popen(words) as foreign:
        neighbor = node.spawn("b", ["sleep", "1000"])
        assert node.delete(["a"], term_s=0.3) == {}
        for pid in (ours, deaf):
            assert not os.path.exists(f"/proc/{pid}")
        assert foreign.wait(10) == -signal.SIGTERM
    assert node.namespaces() == ["b"]
    assert node.processes("b") == {neighbor: "sleep"}
    assert not node.paths.node(node.lab, "a").exists()
