"""Namespaces, switches, hosts file and limits through their drivers."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import msgspec
import pytest

from netns.support import by_key, create, delete, observe, operation, shell, succeeded, update
from nlan.errors import HostError, NotOwnedError
from nlan.kinds.cgroup import Cgroup, CgroupDriver
from nlan.kinds.hosts import HostsDriver, HostsFile
from nlan.kinds.namespace import Namespace, NamespaceDriver
from nlan.kinds.sysctl import Sysctl, SysctlDriver
from nlan.runtimes.netns.kernel import syscalls
from nlan.runtimes.netns.runtime import NetnsRuntime

FORWARDING = Sysctl(namespace="a", name="net/ipv4/ip_forward", value="1")


def test_namespaces(runtime: NetnsRuntime) -> None:
    driver = NamespaceDriver(runtime)
    desired = [Namespace(name=name) for name in ("a", "b", "ce1/172.21.1.2", "@fabric")]
    names = [r.name for r in desired]
    assert observe(driver, names) == {}
    assert succeeded(create(driver, *desired))
    assert succeeded(create(driver, *desired))
    assert observe(driver, names) == by_key(*desired)
    assert observe(driver, ["a"]) == by_key(desired[0])
    assert succeeded(delete(driver, desired[0]))
    assert succeeded(delete(driver, desired[0]))
    assert observe(driver, names) == by_key(*desired[1:])


def test_foreign_namespace_fails_alone(runtime: NetnsRuntime) -> None:
    assert runtime.create(["a"]) == {}
    pin = runtime.paths.netns / f"{runtime.lab}.x"
    pin.touch()
    syscalls.mount("/proc/self/ns/net", str(pin), None, syscalls.MS_BIND)
    try:
        outcomes = create(NamespaceDriver(runtime), Namespace(name="x"), Namespace(name="y"))
        assert isinstance(outcomes[0], NotOwnedError)
        assert outcomes[1] is None
    finally:
        syscalls.umount(str(pin))
        pin.unlink()


def test_switches(place: NetnsRuntime) -> None:
    driver = SysctlDriver(
        place, [FORWARDING, Sysctl(namespace="gone", name="net/ipv4/ip_forward", value="1")]
    )
    before = observe(driver, ["a", "b", "gone"])
    assert before == by_key(msgspec.structs.replace(FORWARDING, value="0"))
    assert succeeded(update(driver, FORWARDING, before[FORWARDING.key]))
    assert succeeded(create(driver, FORWARDING))
    assert observe(driver, ["a", "b"]) == by_key(FORWARDING)
    assert shell(place, "b", "cat /proc/sys/net/ipv4/ip_forward") == "0\n"
    assert succeeded(delete(driver, FORWARDING))


def test_switches_that_nobody_wants_any_more_go_back(place: NetnsRuntime) -> None:
    """Of a namespace, of all interfaces (which sets each one's), and of one interface."""
    shell(place, "a", "ip link add eth1 type bridge; echo 1 > /proc/sys/net/ipv4/conf/default/rp_filter")
    kept = Sysctl(namespace="a", name="net/ipv4/conf/eth1/forwarding", value="1")
    gone = [
        Sysctl(namespace="a", name="net/ipv4/conf/all/forwarding", value="1"),
        Sysctl(namespace="a", name="net/ipv4/conf/eth1/rp_filter", value="2"),
        Sysctl(namespace="a", name="net/ipv4/fib_multipath_hash_policy", value="1"),
    ]
    assert succeeded(create(SysctlDriver(place, [kept, *gone]), kept, *gone))
    theirs = Sysctl(namespace="a", name="net/ipv4/tcp_ecn", value="1")
    shell(place, "a", "echo 1 > /proc/sys/net/ipv4/tcp_ecn")
    driver = SysctlDriver(place, [kept])
    assert observe(driver, ["a", "b"]) == by_key(kept, *gone)
    assert succeeded(delete(driver, *gone))
    assert observe(driver, ["a", "b"]) == by_key(kept)
    assert shell(place, "a", "cat /proc/sys/net/ipv4/ip_forward") == "0\n"
    assert shell(place, "a", "cat /proc/sys/net/ipv4/conf/eth1/rp_filter") == "1\n"
    assert shell(place, "a", "cat /proc/sys/net/ipv4/tcp_ecn") == f"{theirs.value}\n"


def test_what_new_interfaces_have_those_that_are_there_get_too(place: NetnsRuntime) -> None:
    """An interface made before IPv6 was asked for went on looking for duplicates, a second an address."""
    shell(place, "a", "ip link add eth1 type bridge; ip link add own type bridge")
    shell(place, "a", "echo 2 > /proc/sys/net/ipv6/conf/own/accept_dad")
    quick = Sysctl(namespace="a", name="net/ipv6/conf/default/accept_dad", value="0")
    theirs = Sysctl(namespace="a", name="net/ipv6/conf/own/accept_dad", value="2")
    driver = SysctlDriver(place, [quick, theirs])
    both = "cat /proc/sys/net/ipv6/conf/eth1/accept_dad /proc/sys/net/ipv6/conf/own/accept_dad"
    assert succeeded(create(driver, quick))
    assert shell(place, "a", both) == "0\n2\n"
    assert succeeded(delete(SysctlDriver(place, [theirs]), quick))
    assert shell(place, "a", both) == "1\n2\n"


def test_names_of_switches_that_cannot_be_read_are_forgotten(place: NetnsRuntime) -> None:
    assert succeeded(create(SysctlDriver(place, [FORWARDING]), FORWARDING))
    place.sysctls_file.write_text("{")
    other = Sysctl(namespace="a", name="net/ipv4/tcp_ecn", value="1")
    assert observe(SysctlDriver(place, [other]), ["a"]).keys() == {other.key}
    assert succeeded(create(SysctlDriver(place, [other]), other))


def test_switch_that_the_kernel_lacks(place: NetnsRuntime) -> None:
    absent = Sysctl(namespace="a", name="net/ipv4/no_such_switch", value="1")
    wrong = msgspec.structs.replace(FORWARDING, value="many")
    driver = SysctlDriver(place, [absent])
    assert observe(driver) == {}
    outcomes = create(driver, absent, wrong, FORWARDING)
    assert str(outcomes[0]) == (
        "a: create a sysctl net/ipv4/no_such_switch: "
        "No such file or directory (/proc/sys/net/ipv4/no_such_switch)"
    )
    assert "Invalid argument" in str(outcomes[1])
    assert outcomes[2] is None


def test_hosts_file_is_seen_by_processes_that_run(place: NetnsRuntime) -> None:
    driver = HostsDriver(place)
    first, second = HostsFile(text="192.0.2.1 pe1\n192.0.2.2 pe2\n"), HostsFile(text="192.0.2.3 pe3\n")
    assert observe(driver) == {}
    assert succeeded(create(driver, first))
    assert observe(driver) == by_key(first)
    pid = place.spawn("a", ["sleep", "1000"])
    try:
        assert succeeded(update(driver, second, first))
        assert Path(f"/proc/{pid}/root/etc/hosts").read_text() == second.text
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert succeeded(delete(driver, second))
    assert succeeded(delete(driver, second))
    assert observe(driver) == {}


def usable(place: NetnsRuntime, controller: str) -> None:
    reason = place.cgroups.why_not(controller)
    if reason is not None:
        pytest.skip(reason)


def test_limits(place: NetnsRuntime) -> None:
    usable(place, "pids")
    usable(place, "cpu")
    limited = Cgroup(namespace="a", cpus=0.3, pids=17)
    driver = CgroupDriver(place, [limited])
    assert observe(driver) == {}
    assert succeeded(create(driver, limited))
    assert observe(driver) == by_key(limited)
    other = Cgroup(namespace="a", cpus=1.5)
    assert succeeded(update(driver, other, limited))
    assert observe(driver) == by_key(other)
    assert succeeded(delete(driver, other))
    assert succeeded(delete(driver, other))
    assert observe(driver) == {}


def test_limit_holds_for_what_runs_already_and_what_comes(place: NetnsRuntime) -> None:
    usable(place, "pids")
    before = place.spawn("a", ["sleep", "1000"])
    try:
        assert succeeded(create(CgroupDriver(place), Cgroup(namespace="a", pids=3)))
        done = place.run("a", ["sh", "-c", "sleep 1000 & sleep 1000 & wait"], timeout_s=20)
        assert done.returncode != 0
        assert b"fork" in done.stderr.lower()
        assert f"/nlan/{place.lab}/a" in Path(f"/proc/{before}/cgroup").read_text()
    finally:
        os.kill(before, signal.SIGKILL)
        os.waitpid(before, 0)


def test_limits_of_a_node_that_ran_nothing_go_with_it(place: NetnsRuntime) -> None:
    """They were there again when a node of the name was added, and unwanted then."""
    usable(place, "pids")
    assert succeeded(create(CgroupDriver(place), Cgroup(namespace="c", pids=3)))
    namespace = Namespace(name="c")
    assert succeeded(delete(NamespaceDriver(place), namespace))
    assert place.cgroups.limits("c") == {}
    assert succeeded(create(CgroupDriver(place), Cgroup(namespace="c", pids=3)))  # of a killed run
    assert succeeded(create(NamespaceDriver(place), namespace))
    assert observe(CgroupDriver(place)) == {}


def test_limit_that_cannot_be_set_is_an_error_of_the_host(place: NetnsRuntime) -> None:
    reason = place.cgroups.why_not("memory")
    limited = Cgroup(namespace="a", memory=64 * 2**20 + 1)
    driver = CgroupDriver(place, [limited])
    (failure,) = driver.apply([operation("create", limited)])
    if reason is None:
        assert failure is None
        assert observe(driver) == by_key(limited)
    else:
        assert isinstance(failure, HostError)
        assert str(failure) == f"a: its memory limit cannot be set: {reason}"
