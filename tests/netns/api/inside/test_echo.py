from __future__ import annotations

import time
from ipaddress import ip_address, ip_interface

import pytest

from netns.support import create, shell, succeeded
from nlan.api.inside.echo import Pair, ping_matrix
from nlan.errors import HostError
from nlan.kinds.address import Address
from nlan.kinds.bridge import Bridge
from nlan.kinds.veth import Veth
from nlan.runtimes.netns.runtime import NetnsRuntime
from nlan.testing import kernel_driver

HOSTS = [f"ce1/192.0.2.{i}" for i in range(1, 17)]


@pytest.fixture
def lan(runtime: NetnsRuntime) -> NetnsRuntime:
    """Sixteen hosts on one bridge, IPv4 and IPv6."""
    assert runtime.create([*HOSTS, "@fabric"]) == {}
    kernel = kernel_driver(runtime)
    bridge = Bridge(namespace="@fabric", name="lan", mac="02:00:5e:00:53:01", mtu=1500)
    assert succeeded(create(kernel, bridge))
    for kind in (port, address4, address6):
        assert succeeded(create(kernel, *[kind(i, host) for i, host in enumerate(HOSTS, 1)]))
    return runtime


def port(i: int, host: str) -> Veth:
    return Veth(
        namespace=host,
        name="eth0",
        peer_namespace="@fabric",
        peer_name=f"p{i}",
        mac=f"02:00:5e:00:53:{i + 16:02x}",
        peer_mac=f"02:00:5e:00:53:{i + 64:02x}",
        mtu=1500,
        peer_master="lan",
    )


def address4(i: int, host: str) -> Address:
    return Address(namespace=host, interface="eth0", address=ip_interface(f"192.0.2.{i}/24"))


def address6(i: int, host: str) -> Address:
    return Address(namespace=host, interface="eth0", address=ip_interface(f"2001:db8::{i:x}/64"))


def test_full_matrix_both_versions(lan: NetnsRuntime) -> None:
    pairs: list[Pair] = [(host, ip_address(f"192.0.2.{i}")) for host in HOSTS for i in range(1, 17)]
    pairs += [(host, ip_address(f"2001:db8::{i:x}")) for host in HOSTS for i in range(1, 17)]
    start = time.perf_counter()
    results = ping_matrix(lan, pairs, 60)
    took = time.perf_counter() - start
    assert list(results) == pairs
    assert all(rtt is not None and 0 < rtt < 60_000 for rtt in results.values())
    assert took < 50, "all at once, not one after the other"


def test_no_answer_is_none_and_the_others_do_not_wait_for_it(lan: NetnsRuntime) -> None:
    good, absent, no_route = (
        (HOSTS[0], ip_address("192.0.2.2")),
        (HOSTS[0], ip_address("192.0.2.99")),
        (HOSTS[1], ip_address("198.51.100.1")),
    )
    start = time.perf_counter()
    results = ping_matrix(lan, [absent, good, no_route, good], 0.5)
    assert time.perf_counter() - start < 50, "the time-out of 0.5 s counts, not the kernel's"
    assert results[absent] is None
    assert results[no_route] is None
    assert results[good] is not None
    assert len(results) == 3


def test_asks_again_until_the_route_is_there(lan: NetnsRuntime) -> None:
    shell(lan, HOSTS[1], "ip address add 198.51.100.1/32 dev eth0")
    adder = "(sleep 0.3; ip route add 198.51.100.1 via 192.0.2.2) & echo $!"
    lan.spawn(HOSTS[0], ["sh", "-c", adder])
    results = ping_matrix(lan, [(HOSTS[0], ip_address("198.51.100.1"))], 10)
    assert results[HOSTS[0], ip_address("198.51.100.1")] is not None


def test_more_pairs_than_fly_at_once(lan: NetnsRuntime) -> None:
    for i in range(50):
        shell(lan, HOSTS[0], f"ip address add 10.0.{i}.1/32 dev eth0")
    shell(lan, HOSTS[0], "true")
    pairs: list[Pair] = [(HOSTS[0], ip_address(f"10.0.{i}.1")) for i in range(50)]
    pairs += [(host, ip_address(f"192.0.2.{i}")) for host in HOSTS for i in range(1, 17)]
    pairs += [(host, ip_address(f"2001:db8::{i:x}")) for host in HOSTS for i in range(1, 17)]
    assert len(pairs) > 512
    assert None not in ping_matrix(lan, pairs, 10).values()


def test_absent_source_is_said(lan: NetnsRuntime) -> None:
    with pytest.raises(HostError, match="nowhere"):
        ping_matrix(lan, [("nowhere", ip_address("192.0.2.1"))], 1)


def test_no_pairs(lan: NetnsRuntime) -> None:
    assert ping_matrix(lan, [], 1) == {}
