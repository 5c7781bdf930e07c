"""All drivers of a lab over a fake kernel, as `nlan.api.context.Context.drivers` has them."""

from __future__ import annotations

from collections.abc import Mapping

from nlan.kinds.base import Driver
from nlan.kinds.cgroup import CgroupDriver
from nlan.kinds.namespace import NamespaceDriver
from nlan.netlink.driver import NetlinkDriver
from nlan.resources import Key, Resource
from nlan.testing.daemons import FakeDaemonDriver
from nlan.testing.hosts import FakeHostsDriver
from nlan.testing.place import FakePlace
from nlan.testing.sysctl import FakeSysctlDriver


def fake_drivers(place: FakePlace, desired: Mapping[Key, Resource]) -> list[Driver]:
    """Return the drivers, in the order in which they work on a wave.

    Namespaces, limits, links, addresses, entries and routes are served by the drivers that ship, over
    the fake place; files and processes by fakes.

    Args:
        place: Where.
        desired: Tells some drivers what to look at.
    """
    return [
        NamespaceDriver(place),
        FakeHostsDriver(place.kernel),
        CgroupDriver(place, desired.values()),
        FakeSysctlDriver(place.kernel, desired.values()),
        NetlinkDriver(place),
        FakeDaemonDriver(place.kernel),
    ]
