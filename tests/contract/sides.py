"""The two sides that must not be told apart: Linux and the fake kernel; and hands that meddle with both.

Each side has a place with the namespaces that a test makes, drivers over it, and what somebody does
who is not nlan.
"""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

from nlan.kinds.base import SEAM, Driver, drivers
from nlan.netlink.channel import open_channel
from nlan.netlink.tables.links import dump_links
from nlan.netlink.tables.snapshot import look
from nlan.registry import Registry
from nlan.resources import Key, Resource
from nlan.runtimes.netns.kernel import syscalls
from nlan.runtimes.netns.runtime import NetnsRuntime
from nlan.testing import FakeKernel, FakeNodes, fake_drivers, kernel_driver
from nlan.testing.kernel import address, link, route
from nlan.testing.kernel.link import NewLink

STATIC = 4
"""Protocol number of a route that somebody else made."""
VANISH_S = 5.0
"""How long Linux may take to remove the links of a removed namespace."""
FALLBACKS = ("tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0")
"""Links that some modules of Linux put into every namespace."""
MAC = "02:00:5e:00:53:f0"
"""Of links made by hand."""


class Side:
    """What both have."""

    place: Any

    def drivers(self, desired: Mapping[Key, Resource]) -> list[Driver]:
        """Return the drivers of all kinds but daemons."""
        raise NotImplementedError

    def driver(self, kind: str, desired: Mapping[Key, Resource]) -> Driver:
        """Return the driver of a kind."""
        return next(driver for driver in self.drivers(desired) if kind in driver.kinds)

    def look(self, namespace: str) -> dict[str, Any]:
        """Return all that the kernel shows, nlan's or not; who answered on a link is left out."""
        seen = copy.deepcopy(look(self.place, namespace))
        del seen["neighbors"]
        seen["links"] = {name: found for name, found in seen["links"].items() if name not in FALLBACKS}
        return seen

    def looks(self, namespaces: Sequence[str]) -> dict[str, Any]:
        """Return what `look` says of many namespaces."""
        return {namespace: self.look(namespace) for namespace in namespaces}

    def alias(self, namespace: str, name: str) -> str:
        """Return the words that a link carries."""
        with open_channel(self.place, namespace) as channel:
            return dump_links(channel).by_name[name].alias

    # By hand

    def add_bridge(self, namespace: str, name: str) -> None:
        raise NotImplementedError

    def remove_link(self, namespace: str, name: str) -> None:
        raise NotImplementedError

    def change_link(
        self, namespace: str, name: str, *, up: bool | None = None, mtu: int | None = None
    ) -> None:
        raise NotImplementedError

    def add_address(self, namespace: str, name: str, interface: str) -> None:
        raise NotImplementedError

    def add_route(self, namespace: str, prefix: str, via: str) -> None:
        raise NotImplementedError

    def add_namespace(self, namespace: str) -> None:
        """Make a namespace under the lab's name that does not bear its mark; some of nlan's must be there."""
        raise NotImplementedError

    def settle(self, namespaces: Sequence[str]) -> None:
        """Wait until the kernel has done what it does in the background after removing namespaces."""


class Fake(Side):
    """The fake kernel, as slow with namespaces as Linux may be."""

    def __init__(self) -> None:
        self.kernel = FakeKernel(slow=True)
        self.place = FakeNodes(self.kernel)

    def drivers(self, desired: Mapping[Key, Resource]) -> list[Driver]:
        return fake_drivers(self.place, desired)

    def add_bridge(self, namespace: str, name: str) -> None:
        link.create(NewLink(self.kernel.netns(namespace), name, "bridge", MAC))

    def remove_link(self, namespace: str, name: str) -> None:
        link.remove(self.kernel.netns(namespace).links[name])

    def change_link(
        self, namespace: str, name: str, *, up: bool | None = None, mtu: int | None = None
    ) -> None:
        subject = self.kernel.netns(namespace).links[name]
        if up is not None:
            link.set_up(subject, up)
        if mtu is not None:
            link.set_mtu(subject, mtu)

    def add_address(self, namespace: str, name: str, interface: str) -> None:
        address.add(self.kernel.netns(namespace).links[name], ip_interface(interface), 0)

    def add_route(self, namespace: str, prefix: str, via: str) -> None:
        netns = self.kernel.netns(namespace)
        route.add(netns, ip_network(prefix), ip_address(via), None, STATIC, exclusive=True)

    def add_namespace(self, namespace: str) -> None:
        self.kernel.add_netns(namespace)

    def settle(self, namespaces: Sequence[str]) -> None:
        self.kernel.settle()


class Real(Side):
    """Linux."""

    def __init__(self, runtime: NetnsRuntime) -> None:
        self.place = runtime
        self.foreign: list[str] = []

    def drivers(self, desired: Mapping[Key, Resource]) -> list[Driver]:
        return drivers(Registry(()).of(SEAM).values(), self.place, desired.values())

    def _ip(self, namespace: str, *words: str) -> None:
        done = self.place.run(namespace, ["ip", *words])
        assert done.returncode == 0, done.stderr.decode()

    def add_bridge(self, namespace: str, name: str) -> None:
        self._ip(namespace, "link", "add", "name", name, "address", MAC, "type", "bridge")

    def remove_link(self, namespace: str, name: str) -> None:
        self._ip(namespace, "link", "delete", "dev", name)

    def change_link(
        self, namespace: str, name: str, *, up: bool | None = None, mtu: int | None = None
    ) -> None:
        if up is not None:
            self._ip(namespace, "link", "set", "dev", name, "up" if up else "down")
        if mtu is not None:
            self._ip(namespace, "link", "set", "dev", name, "mtu", str(mtu))

    def add_address(self, namespace: str, name: str, interface: str) -> None:
        self._ip(
            namespace, "address", "add", interface, "dev", name, *(["nodad"] if ":" in interface else [])
        )

    def add_route(self, namespace: str, prefix: str, via: str) -> None:
        self._ip(namespace, "route", "add", prefix, "via", via, "proto", "static")

    def add_namespace(self, namespace: str) -> None:
        pin = self.place.paths.pin(self.place.lab, namespace)
        pin.touch()
        syscalls.mount("/proc/self/ns/net", str(pin), None, syscalls.MS_BIND)
        self.foreign.append(str(pin))

    def remove_foreign(self) -> None:
        """Take back what `add_namespace` did."""
        for pin in self.foreign:
            syscalls.umount(pin)
            os.unlink(pin)

    def settle(self, namespaces: Sequence[str]) -> None:
        driver = kernel_driver(self.place)
        deadline = time.monotonic() + VANISH_S
        while any(getattr(r, "peer_namespace", None) == "" for r in driver.observe(namespaces)):
            assert time.monotonic() < deadline, "the kernel keeps the links of a removed namespace"
            time.sleep(0.005)
