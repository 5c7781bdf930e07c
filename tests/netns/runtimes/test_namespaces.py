from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

from netns.support import shell
from nlan.errors import HostError, NotOwnedError
from nlan.paths import Paths
from nlan.runtimes.netns.kernel import syscalls
from nlan.runtimes.netns.runtime import NetnsRuntime, labs


def add_foreign(paths: Paths, name: str) -> Path:
    """Pin a namespace as ``ip netns add`` does, in the test's own directory."""
    path = paths.netns / name
    path.touch(0o444)
    subprocess.run(["unshare", f"--net={path}", "true"], check=True)
    return path


def test_are_made_found_and_removed(runtime: NetnsRuntime) -> None:
    names = ["@fabric", "ce1/172.21.1.2", "ce1/2001:db8::2", "pe1"]
    assert runtime.namespaces() == []
    assert runtime.create(names) == {}
    assert runtime.namespaces() == names
    assert NetnsRuntime(runtime.paths, runtime.lab).namespaces() == names
    assert runtime.delete(names[:2]) == {}
    assert runtime.namespaces() == names[2:]


def test_what_somebody_mounted_in_a_nodes_directory_is_let_go_of(
    runtime: NetnsRuntime, tmp_path: Path
) -> None:
    """Its files were removed with the node."""
    runtime.create(["a"])
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file").touch()
    inside = runtime.make_directory("a") / "mnt"
    inside.mkdir()
    syscalls.mount(str(tmp_path / "theirs"), str(inside), None, syscalls.MS_BIND)
    assert runtime.delete(["a"]) == {}
    assert (tmp_path / "theirs" / "file").exists()
    assert not runtime.directory("a").exists()


def test_creating_and_deleting_twice_is_fine(runtime: NetnsRuntime) -> None:
    assert runtime.create(["a"]) == {}
    with runtime.inside("a"):
        inode = os.stat("/proc/thread-self/ns/net").st_ino
    assert runtime.create(["a", "b"]) == {}
    with runtime.inside("a"):
        assert os.stat("/proc/thread-self/ns/net").st_ino == inode
    assert runtime.delete(["a"]) == {}
    assert runtime.delete(["a"]) == {}
    assert runtime.namespaces() == ["b"]


def test_pins_stand_where_ip_netns_looks(runtime: NetnsRuntime) -> None:
    runtime.create(["ce1/172.21.1.2", "@fabric"])
    assert (runtime.paths.netns / f"{runtime.lab}.ce1.172.21.1.2").exists()
    assert (runtime.paths.run / runtime.lab / "ns" / "@fabric").exists()


def test_names_of_one_lab_are_not_anothers(paths: Paths, lab_name: str, runtime: NetnsRuntime) -> None:
    other = NetnsRuntime(paths, f"{lab_name}-x")
    with other.lock():
        other.create(["a"])
        runtime.create(["a", "b"])
        assert other.namespaces() == ["a"]
        assert labs(paths) == [lab_name, f"{lab_name}-x"]
        other.cleanup()
    assert runtime.namespaces() == ["a", "b"]
    assert labs(paths) == [lab_name]


def test_foreign_namespace_of_such_a_name_is_left_alone(runtime: NetnsRuntime) -> None:
    runtime.create(["a"])
    foreign = add_foreign(runtime.paths, f"{runtime.lab}.x")
    try:
        assert runtime.namespaces() == ["a"]
        (made,) = runtime.create(["x"]).values()
        (removed,) = runtime.delete(["x"]).values()
        assert isinstance(made, NotOwnedError)
        assert isinstance(removed, NotOwnedError)
        runtime.cleanup()
        assert os.stat(foreign).st_dev == os.stat("/proc/self/ns/net").st_dev
    finally:
        syscalls.umount(str(foreign))
        foreign.unlink()


def test_a_namespace_made_anew_by_somebody_else_is_not_ours(runtime: NetnsRuntime) -> None:
    runtime.create(["a"])
    pin = runtime.paths.pin(runtime.lab, "a")
    syscalls.umount(str(pin))
    subprocess.run(["unshare", f"--net={pin}", "true"], check=True)
    fresh = NetnsRuntime(runtime.paths, runtime.lab)
    try:
        assert fresh.namespaces() == []
    finally:
        syscalls.umount(str(pin))
        pin.unlink()


def test_a_pin_file_without_a_namespace_is_nothing(runtime: NetnsRuntime) -> None:
    runtime.create(["a"])
    (runtime.paths.netns / f"{runtime.lab}.b").touch()
    assert runtime.namespaces() == ["a"]
    assert runtime.create(["b"]) == {}
    assert runtime.namespaces() == ["a", "b"]


def test_removed_by_hand_and_made_again(runtime: NetnsRuntime) -> None:
    runtime.create(["a"])
    pid = runtime.spawn("a", ["sleep", "1000"])
    pin = runtime.paths.pin(runtime.lab, "a")
    syscalls.umount(str(pin))
    pin.unlink()
    assert runtime.namespaces() == []
    assert runtime.create(["a"]) == {}
    assert not os.path.exists(f"/proc/{pid}"), "what ran in the old namespace would hold its files"
    assert runtime.run("a", ["ip", "-o", "link"]).stdout.count(b"\n") == 1
    assert shell(runtime, "a", "ls /sys/class/net") == "lo\n"


def test_a_lab_without_its_run_directory_is_found_and_removed(runtime: NetnsRuntime, paths: Paths) -> None:
    runtime.create(["a", "b"])
    for path in (paths.lab(runtime.lab) / "ns", paths.lab(runtime.lab) / "pins"):
        path.rmdir() if path.is_dir() else path.unlink()
    fresh = NetnsRuntime(paths, runtime.lab)
    assert labs(paths) == [runtime.lab]
    assert fresh.namespaces() == ["a", "b"]
    fresh.cleanup()
    assert fresh.namespaces() == []


def test_sockets_stay_where_they_were_opened(runtime: NetnsRuntime) -> None:
    runtime.create(["a", "b"])
    with runtime.open_socket("a", socket.AF_INET, socket.SOCK_STREAM) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with runtime.open_socket("a", socket.AF_INET, socket.SOCK_STREAM) as client:
            client.connect(("127.0.0.1", port))
        with (
            runtime.open_socket("b", socket.AF_INET, socket.SOCK_STREAM) as elsewhere,
            pytest.raises(ConnectionRefusedError),
        ):
            elsewhere.connect(("127.0.0.1", port))


def test_inside_nests_and_comes_back(runtime: NetnsRuntime) -> None:
    def here() -> int:
        return os.stat("/proc/thread-self/ns/net").st_ino

    runtime.create(["a", "b"])
    home = here()
    with runtime.inside("a"):
        a = here()
        with runtime.inside("b"):
            assert here() not in (home, a)
        assert here() == a
        with pytest.raises(ZeroDivisionError), runtime.inside("b"):
            _ = 1 // 0
        assert here() == a
    assert here() == home


def test_absent_namespace_is_said(runtime: NetnsRuntime) -> None:
    with pytest.raises(HostError, match="nowhere: its namespace cannot be opened"):
        runtime.netns_fd("nowhere")
    with pytest.raises(HostError, match="nowhere"), runtime.inside("nowhere"):
        pass
    with pytest.raises(HostError, match="nowhere"):
        runtime.spawn("nowhere", ["true"])


def test_the_run_directory_is_in_memory_and_seen_from_nodes(place: NetnsRuntime) -> None:
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    assert [kind for _, path, kind, *_ in mounts if path == str(place.paths.run)] == ["tmpfs"]
    place.make_directory("a").joinpath("note").write_text("seen")
    seen = place.run("a", ["cat", str(place.directory("a") / "note")])
    assert seen.stdout == b"seen", seen


def test_a_connection_without_its_other_end_holds_no_namespace(runtime: NetnsRuntime) -> None:
    """Whose links go first leaves a socket behind that waits for the answer to its last packet."""
    runtime.create(["a", "b"])
    other_end = ("peer", "name", "y", "netns", str(runtime.paths.pin(runtime.lab, "b")))
    with runtime.inside("a"):
        subprocess.run(["ip", "link", "add", "name", "x", "type", "veth", *other_end], check=True)
    for name, link, address in (("a", "x", "192.0.2.1"), ("b", "y", "192.0.2.2")):
        shell(
            runtime, name, f"ip address add {address}/24 dev {link}; ip link set {link} up; ip link set lo up"
        )
        runtime.make_directory(name)
    listener = runtime.open_socket("b", socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("192.0.2.2", 0))
    listener.listen()
    one = runtime.open_socket("a", socket.AF_INET, socket.SOCK_STREAM)
    one.connect(listener.getsockname())
    other = listener.accept()[0]
    shell(runtime, "b", "ip link set y down; ip address flush dev y")
    for end in (one, other, listener):
        end.close()
    assert "FIN-WAIT-1" in shell(runtime, "a", "ss -tan")
    runtime.delete(["a"])
    deadline = time.monotonic() + 20
    while "y@" in shell(runtime, "b", "ip link"):
        assert time.monotonic() < deadline, "the namespace lives on"


def test_what_stands_in_the_run_directory_stays_in_sight(paths: Paths, lab_name: str) -> None:
    (paths.run / "earlier").mkdir(parents=True)
    (paths.run / "earlier" / "note").write_text("here")
    lab = NetnsRuntime(paths, lab_name)
    with lab.lock():
        assert (paths.run / "earlier" / "note").read_text() == "here"
        assert lab.create(["a"]) == {}
        assert lab.run("a", ["cat", str(paths.run / "earlier" / "note")]).stdout == b"here"
        lab.cleanup()
    (paths.run / "earlier" / "note").unlink()
    (paths.run / "earlier").rmdir()
    with lab.lock():
        lab.cleanup()


def test_directories_that_were_made_but_not_given_to_frr_are_given(place: NetnsRuntime) -> None:
    """nlan was killed between the two: FRR could not write there ever after."""
    directory = place.make_directory("a")
    owner = os.stat(directory / "run-frr").st_uid
    os.chown(directory / "run-frr", 0, 0)
    (directory / "tmp-frr").rmdir()
    place.make_directory("a")
    assert os.stat(directory / "run-frr").st_uid == owner
