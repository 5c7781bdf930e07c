"""How fast the kernel is driven: 1000 namespaces in a ring of veth pairs, made, observed, removed.

Run as root: ``python bench/kernel.py [NODES]``. Medians of five (``--rounds``).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import ip_interface
from typing import TypeVar

from nlan.kinds.address import Address
from nlan.kinds.base import Driver
from nlan.kinds.namespace import Namespace, NamespaceDriver
from nlan.kinds.veth import Veth
from nlan.paths import Paths
from nlan.plan import Operation
from nlan.resources import Resource
from nlan.runtimes.netns.runtime import NetnsRuntime
from nlan.testing import kernel_driver
from nlan.values import stable_mac

LAB = "bench-kernel"


def ring(count: int) -> tuple[list[Resource], list[Resource], list[Resource]]:
    names = [f"h{i}" for i in range(count)]
    pairs = list(zip(names, [*names[1:], names[0]], strict=True))
    links: list[Resource] = [
        Veth(
            namespace=a,
            name="right",
            peer_namespace=b,
            peer_name="left",
            mac=stable_mac(a, "right"),
            peer_mac=stable_mac(b, "left"),
            mtu=1500,
        )
        for a, b in pairs
    ]
    addresses: list[Resource] = []
    for i, (a, b) in enumerate(pairs):
        net = f"10.{i >> 8}.{i & 255}"
        addresses += [
            Address(namespace=a, interface="right", address=ip_interface(f"{net}.1/24")),
            Address(namespace=b, interface="left", address=ip_interface(f"{net}.2/24")),
        ]
    return [Namespace(name=name) for name in names], links, addresses


def creations(resources: Sequence[Resource]) -> list[Operation]:
    return [
        Operation(action="create", key=r.key, impact="hitless", reason="bench", desired=r) for r in resources
    ]


T = TypeVar("T")


def timed(times: dict[str, list[float]], what: str, work: Callable[[], T]) -> T:
    start = time.perf_counter()
    result = work()
    times.setdefault(what, []).append(time.perf_counter() - start)
    return result


def kernel_is_done(runtime: NetnsRuntime) -> None:
    """The kernel removes namespaces in one queue: it is through once one removed last is gone.

    A veth pair whose one end is in such a namespace is gone when its other end is.
    """
    import os
    import socket

    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as events:
        events.bind((0, 1))
        os.system("ip netns add bench-last; ip link add bench-end type veth peer name e netns bench-last")
        os.system("ip netns del bench-last")
        while os.path.exists("/sys/class/net/bench-end"):
            events.recv(65536)


def one_round(count: int, times: dict[str, list[float]]) -> None:
    runtime = NetnsRuntime(Paths.from_environment(), LAB)
    namespaces, links, addresses = ring(count)
    names = [r.key.namespace for r in namespaces]
    kernel, spaces = kernel_driver(runtime), NamespaceDriver(runtime)
    with runtime.lock():
        start = time.perf_counter()
        steps: list[tuple[str, Driver, list[Resource]]] = [
            ("  namespaces", spaces, namespaces),
            ("  links", kernel, links),
            ("  addresses", kernel, addresses),
        ]
        for what, driver, resources in steps:
            outcomes = timed(times, what, partial(driver.apply, creations(resources)))
            assert not any(outcomes), next(filter(None, outcomes))
        times.setdefault("create", []).append(time.perf_counter() - start)
        fresh = kernel_driver(NetnsRuntime(Paths.from_environment(), LAB))
        found = timed(times, "observe", lambda: list(fresh.observe(names)))
        assert {r.key: r for r in found} == {r.key: r for r in [*links, *addresses]}
        start = time.perf_counter()
        timed(times, "remove (call)", runtime.cleanup)
        kernel_is_done(runtime)
        times.setdefault("remove (kernel done)", []).append(time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nodes", nargs="?", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    times: dict[str, list[float]] = {}
    for _ in range(arguments.rounds):
        one_round(arguments.nodes, times)
    print(f"{arguments.nodes} namespaces, as many veth pairs, twice as many addresses")
    for what, values in times.items():
        print(f"{what:24s} {statistics.median(values):7.3f} s  ({min(values):.3f} to {max(values):.3f})")


if __name__ == "__main__":
    main()
