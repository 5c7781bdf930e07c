"""What happens in namespaces, as the kernel reports it: routes that come, and anything that moves.

Both watchers have a descriptor to wait on together with others (`fileno`), and keep their sockets
open: close them, or a deleted namespace lives on.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Literal, NamedTuple

from nlan.errors import HostError
from nlan.netlink import codec, wire
from nlan.netlink.channel import open_channel
from nlan.netlink.tables.routes import dump_routes, parse_route
from nlan.runtimes.base import Nodes

Prefix = IPv4Network | IPv6Network
What = Literal["link", "address", "neighbor", "route", "switch", "policy", "lost"]
"""What moved.

``switch`` is a sysctl of an interface; ``policy`` are rules, queues, and routes of other tables than main;
``lost`` means that events were lost: look again.
"""

_BUFFER = 65536
GROUPS: dict[What, tuple[int, ...]] = {
    "link": (wire.RTNLGRP_LINK,),
    "neighbor": (wire.RTNLGRP_NEIGH,),
    "address": (wire.RTNLGRP_IPV4_IFADDR, wire.RTNLGRP_IPV6_IFADDR),
    "route": (wire.RTNLGRP_IPV4_ROUTE, wire.RTNLGRP_IPV6_ROUTE),
    "switch": (wire.RTNLGRP_IPV4_NETCONF, wire.RTNLGRP_IPV6_NETCONF),
    "policy": (wire.RTNLGRP_TC, wire.RTNLGRP_IPV4_RULE, wire.RTNLGRP_IPV6_RULE),
}
"""The multicast groups that tell of each."""
WHAT: dict[int, What] = {
    wire.RTM_NEWLINK: "link",
    wire.RTM_DELLINK: "link",
    wire.RTM_NEWADDR: "address",
    wire.RTM_DELADDR: "address",
    wire.RTM_NEWROUTE: "route",
    wire.RTM_DELROUTE: "route",
    wire.RTM_NEWNEIGH: "neighbor",
    wire.RTM_DELNEIGH: "neighbor",
    wire.RTM_NEWRULE: "policy",
    wire.RTM_DELRULE: "policy",
    wire.RTM_NEWQDISC: "policy",
    wire.RTM_DELQDISC: "policy",
    wire.RTM_NEWNETCONF: "switch",
    wire.RTM_DELNETCONF: "switch",
}
"""What each type of message is about."""


class Group(NamedTuple):
    """Events of which nlan knows no more than that a kind of resource is concerned by them.

    Attributes:
        what: Such as ``nexthop``: what they are about, in a word.
        groups: The multicast groups of rtnetlink that tell of it (RTNLGRP_*), up to 32.
        messages: The types of messages (RTM_*).
    """

    what: str
    groups: tuple[int, ...]
    messages: tuple[int, ...]


class Listener:
    """Sockets in many namespaces, subscribed to multicast groups, behind one epoll descriptor."""

    def __init__(self, nodes: Nodes, groups: int) -> None:
        """Listen nowhere yet; `groups` is a mask (`mask_of`)."""
        self._nodes, self._groups = nodes, groups
        self._epoll = select.epoll()
        self._sockets: dict[int, tuple[str, socket.socket]] = {}
        self._numbers: dict[str, int] = {}

    def fileno(self) -> int:
        """Return a descriptor that is readable while something is to be read."""
        return self._epoll.fileno()

    def add(self, namespace: str) -> None:
        """Listen in the namespace too; it must exist."""
        self.remove(namespace)
        allow_descriptors(len(self._sockets) + 64)
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        listener = self._nodes.open_socket(namespace, socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
        listener.bind((0, self._groups))
        self._sockets[listener.fileno()] = namespace, listener
        self._numbers[namespace] = listener.fileno()
        self._epoll.register(listener.fileno(), select.EPOLLIN)

    def remove(self, namespace: str) -> None:
        """Listen there no more; fine if nobody did."""
        number = self._numbers.pop(namespace, None)
        if number is not None:
            self._epoll.unregister(number)
            self._sockets.pop(number)[1].close()

    def receive(self, timeout_s: float) -> Iterable[tuple[str, memoryview | None]]:
        """Yield namespace and messages of all that has come; None where the kernel had to drop some."""
        for number, _ in self._epoll.poll(max(0.0, timeout_s)):
            namespace, listener = self._sockets[number]
            while True:
                try:
                    yield namespace, memoryview(listener.recv(_BUFFER))
                except BlockingIOError:
                    break
                except OSError as failure:
                    if failure.errno != errno.ENOBUFS:
                        raise
                    yield namespace, None

    def close(self) -> None:
        """Close all sockets."""
        for _, listener in self._sockets.values():
            listener.close()
        self._sockets.clear()
        self._epoll.close()


class Watcher:
    """Tells in which namespaces something changed; a context manager."""

    def __init__(
        self, nodes: Nodes, namespaces: Iterable[str], kinds: Sequence[What] = tuple(GROUPS)
    ) -> None:
        """Listen from now on.

        Args:
            nodes: Where.
            namespaces: They must exist.
            kinds: What to listen for.

        Raises:
            HostError: A namespace does not exist.
        """
        self._listener = Listener(nodes, mask_of(kinds))
        for namespace in namespaces:
            self._listener.add(namespace)

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def fileno(self) -> int:
        """Return a descriptor that is readable while events are there to be read."""
        return self._listener.fileno()

    def add(self, namespace: str) -> None:
        """Listen in that namespace too (anew, if it was made again under the same name)."""
        self._listener.add(namespace)

    def remove(self, namespace: str) -> None:
        """Listen there no more."""
        self._listener.remove(namespace)

    def events(self, timeout_s: float) -> list[tuple[str, What]]:
        """Return what changed where, each once, in the order of its first event.

        Waits for at most `timeout_s` seconds; 0 only looks. Of neighbour events only those of
        bridges' forwarding tables are reported, not every resolved address.
        """
        found: dict[tuple[str, What], None] = {}
        for namespace, data in self._listener.receive(timeout_s):
            for what in _kinds_of(data):
                found[namespace, what] = None
        return list(found)


def _kinds_of(data: memoryview | None) -> Iterable[What]:
    if data is None:
        yield "lost"
        return
    for kind, _, _, body in codec.messages(data):
        what = WHAT.get(kind)
        if what is not None and (what != "neighbor" or body[0] == wire.AF_BRIDGE):
            yield what


class RouteWatcher:
    """Keeps the prefixes of the main tables of many namespaces, and waits for some; a context manager."""

    def __init__(self, nodes: Nodes, namespaces: Iterable[str]) -> None:
        """Subscribe, then read the tables, so that nothing is missed in between.

        Raises:
            HostError: A namespace does not exist.
        """
        self._nodes = nodes
        self._listener = Listener(nodes, mask_of(["route"]))
        self._prefixes: dict[str, set[Prefix]] = {}
        try:
            for namespace in namespaces:
                self._listener.add(namespace)
                self._prefixes[namespace] = self._read(namespace)
        except BaseException:
            self._listener.close()
            raise

    def __enter__(self) -> RouteWatcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def fileno(self) -> int:
        """Return a descriptor that is readable while events are there; `update` reads them."""
        return self._listener.fileno()

    def routes(self, namespace: str) -> frozenset[Prefix]:
        """Return the prefixes with a unicast route in the main table, as of the last `update` or `wait`."""
        return frozenset(self._prefixes[namespace])

    def update(self, timeout_s: float = 0.0) -> set[str]:
        """Read events, waiting at most `timeout_s` seconds for the first; return where routes changed."""
        changed, stale = set(), set()
        for namespace, data in self._listener.receive(timeout_s):
            changed.add(namespace)
            if data is None or not self._take(namespace, data):
                stale.add(namespace)
        for namespace in stale:
            self._prefixes[namespace] = self._read(namespace)
        return changed

    def wait(self, missing: Mapping[str, Iterable[Prefix]], deadline: float) -> dict[str, set[Prefix]]:
        """Wait until every namespace has its prefixes; return what is still missing at the deadline.

        Args:
            missing: Prefixes per namespace.
            deadline: On the clock of `time.monotonic`.
        """
        wanted = {namespace: set(prefixes) for namespace, prefixes in missing.items()}
        self.update()
        left = self._left(wanted)
        while left and (remaining := deadline - time.monotonic()) > 0:
            if self.update(remaining):
                left = self._left(wanted)
        return left

    def settle(self, quiet_s: float, deadline: float) -> None:
        """Wait until no route is reported for `quiet_s` seconds, at the latest to the deadline."""
        while (remaining := deadline - time.monotonic()) > 0 and self.update(min(quiet_s, remaining)):
            pass

    def _left(self, wanted: Mapping[str, set[Prefix]]) -> dict[str, set[Prefix]]:
        found = {namespace: prefixes - self._prefixes[namespace] for namespace, prefixes in wanted.items()}
        return {namespace: prefixes for namespace, prefixes in found.items() if prefixes}

    def _take(self, namespace: str, data: memoryview) -> bool:
        """Add what comes; False where something went, since another route to it may remain."""
        for kind, _, _, body in codec.messages(data):
            if kind not in (wire.RTM_NEWROUTE, wire.RTM_DELROUTE):
                continue
            route = parse_route(body)
            if route is None or route.table != wire.RT_TABLE_MAIN:
                continue
            if kind == wire.RTM_DELROUTE:
                return False
            if route.kind == wire.RTN_UNICAST:
                self._prefixes[namespace].add(route.prefix)
        return True

    def _read(self, namespace: str) -> set[Prefix]:
        try:
            with open_channel(self._nodes, namespace) as channel:
                routes = [r for family in (wire.AF_INET, wire.AF_INET6) for r in dump_routes(channel, family)]
        except HostError:
            if namespace in self._nodes.namespaces():
                raise
            return set()  # the namespace is gone
        return {route.prefix for route in routes if route.kind == wire.RTN_UNICAST}


def allow_descriptors(count: int) -> None:
    """Raise the limit of open files so that `count` more fit, as far as the hard limit allows."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = count + 256
    if soft != resource.RLIM_INFINITY and soft < needed:
        wanted = 2 * needed if hard == resource.RLIM_INFINITY else min(hard, 2 * needed)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def mask_of(kinds: Iterable[What | Group]) -> int:
    """Return the mask of the multicast groups that tell of these, as a socket is bound with it."""
    mask = 0
    for kind in kinds:
        for group in kind.groups if isinstance(kind, Group) else GROUPS[kind]:
            mask |= 1 << group - 1
    return mask
