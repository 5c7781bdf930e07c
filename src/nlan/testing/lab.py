"""All drivers of a lab over a fake kernel, as `nlan.api.environment.context.Context.drivers` has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nlan.kinds.base import SEAM, AnyKind, Driver, drivers
from nlan.netlink.driver import NetlinkDriver
from nlan.netlink.kind import KernelKind
from nlan.registry import Registry
from nlan.resources import Key, Resource
from nlan.runtimes.base import Nodes
from nlan.testing.drivers.daemons import FakeDaemonDriver
from nlan.testing.drivers.hosts import FakeHostsDriver
from nlan.testing.drivers.nft import FakeNftDriver
from nlan.testing.drivers.programs import FakeProgramDriver
from nlan.testing.drivers.sysctl import FakeSysctlDriver
from nlan.testing.nodes import FakeNodes


def fake_drivers(
    nodes: FakeNodes, desired: Mapping[Key, Resource], kinds: Iterable[AnyKind] | None = None
) -> list[Driver]:
    """Return the drivers, in the order in which they work on a wave.

    Whatever works over a place's sockets, namespaces and limits is served by the drivers that ship, over
    the fake place; files and processes by fakes.

    Args:
        nodes: Where.
        desired: Tells some drivers what to look at.
        kinds: Those to serve; nlan's own where they are not given.
    """
    served = Registry(()).of(SEAM).values() if kinds is None else kinds
    kernel = nodes.kernel
    fakes: list[Driver] = [
        FakeHostsDriver(kernel),
        FakeNftDriver(kernel),
        FakeProgramDriver(kernel),
        FakeSysctlDriver(kernel, desired.values()),
    ]
    faked = {kind: fake for fake in fakes for kind in fake.kinds}
    shipped = drivers(served, nodes, desired.values())
    own = [faked.get(driver.kinds[0], driver) for driver in shipped]
    return [*own, FakeDaemonDriver(nodes.kernel)]


def kernel_driver(nodes: Nodes) -> NetlinkDriver:
    """Return the driver of all kinds of nlan's own that are made over route netlink."""
    kinds = Registry(()).of(SEAM).values()
    return NetlinkDriver(nodes, [kind for kind in kinds if isinstance(kind, KernelKind)])
