"""The fake kernel: namespaces with all that is in them, the lab's hosts file, limits; and its text.

It lives in memory, needs no privilege and takes no time. What it does is what Linux does as far as
nlan can tell: numbers and words of its refusals, what goes with what, what comes by itself (routes
to subnets). `tests/contract` compares the two.
"""

from __future__ import annotations

import errno
import os
from ipaddress import ip_interface

from nlan.errors import HostError
from nlan.testing.kernel.faults import Faults
from nlan.testing.kernel.link import remove
from nlan.testing.kernel.state import LOOPBACK_MTU, Address, Link, Netns
from nlan.testing.kernel.switches import DEFAULTS
from nlan.testing.kernel.text import text_of
from nlan.testing.wire.lessons import Lessons

_KERNEL_LO = 1
"""Protocol number of the loopback's own IPv6 address; IPv4's has none."""


class FakeKernel:
    """A machine for one lab.

    Attributes:
        faults: Counts what changes its state, and makes some of it fail on order.
        namespaces: By name; those without the lab's mark too.
        hosts: The text of the lab's hosts file, None where there is none.
        limits: ``memory``, ``cpu`` and ``pids`` of nodes that are limited.
        lessons: What it was taught about kinds of resources that are not nlan's.
        runtimes: Which shall have made its namespaces, those of whom somebody said so.
    """

    def __init__(self, *, slow: bool = False) -> None:
        """Hold nothing.

        Args:
            slow: Namespaces that are removed are out of reach at once, yet their links, and the other
                ends of pairs, are there until `settle`, as Linux may take some milliseconds for them.
        """
        self._slow = slow
        self._leaving: list[Netns] = []
        self.faults = Faults()
        self.namespaces: dict[str, Netns] = {}
        self.hosts: str | None = None
        self.limits: dict[str, dict[str, float]] = {}
        self.lessons = Lessons()
        self.runtimes: dict[str, str] = {}

    def __str__(self) -> str:
        """Return all that it holds, the same text for the same state however it came about."""
        return text_of(self.namespaces, self.limits, self.hosts)

    def owned(self) -> list[str]:
        """Return the names of the namespaces that bear the lab's mark, sorted."""
        return sorted(name for name, netns in self.namespaces.items() if netns.owned)

    def netns(self, name: str) -> Netns:
        """Return a namespace.

        Raises:
            HostError: It does not exist.
        """
        if name not in self.namespaces:
            words = os.strerror(errno.ENOENT)
            raise HostError(f"{name}: its namespace cannot be opened: {words}")
        return self.namespaces[name]

    def add_netns(self, name: str, *, mark: str = "", group: int = 0) -> Netns:
        """Make a namespace with its loopback up; without a mark it is not the lab's."""
        netns = Netns(name, dict(DEFAULTS), owned=bool(mark))
        lo = Link(netns, netns.next_number(), "lo", "loopback", "00:00:00:00:00:00", LOOPBACK_MTU, group)
        lo.up, lo.alias = True, mark
        lo.addresses = [Address(ip_interface("127.0.0.1/8"), 0), Address(ip_interface("::1/128"), _KERNEL_LO)]
        netns.links["lo"] = lo
        self.namespaces[name] = netns
        return netns

    def remove_netns(self, name: str) -> None:
        """Remove a namespace; its links take the other ends of their pairs along."""
        self._leaving.append(self.namespaces.pop(name))
        if not self._slow:
            self.settle()

    def settle(self) -> None:
        """Do what is left to do of removing namespaces."""
        for netns in self._leaving:
            for link in list(netns.links.values()):
                if netns.links.get(link.name) is link:
                    remove(link)
        self._leaving.clear()
