"""Fakes for tests, shipped: a kernel in memory, a place on it, and the drivers of a whole lab.

The kernel is faked below the route socket, so the drivers of its kinds, of namespaces and of limits
are the ones that ship; switches, hosts file, daemons and programs, which are files and processes on a real
machine, have fake drivers. Nothing but tests imports this package.

    kernel = FakeKernel()
    place = FakeNodes(kernel)
    engine = Engine(fake_drivers(place, desired))
    assert not engine.apply(engine.plan(desired, place.namespaces()))
    print(kernel)
"""

from nlan.testing.drivers.daemons import FakeDaemonDriver
from nlan.testing.drivers.hosts import FakeHostsDriver
from nlan.testing.drivers.nft import FakeNftDriver
from nlan.testing.drivers.programs import FakeProgramDriver
from nlan.testing.drivers.sysctl import FakeSysctlDriver
from nlan.testing.errors import KilledError, RefusedError, UnexpectedError
from nlan.testing.kernel.fake import FakeKernel
from nlan.testing.lab import fake_drivers, kernel_driver
from nlan.testing.nodes import FakeNodes

__all__ = [
    "FakeDaemonDriver",
    "FakeHostsDriver",
    "FakeKernel",
    "FakeNftDriver",
    "FakeNodes",
    "FakeProgramDriver",
    "FakeSysctlDriver",
    "KilledError",
    "RefusedError",
    "UnexpectedError",
    "fake_drivers",
    "kernel_driver",
]
