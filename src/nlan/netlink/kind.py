"""What a kind of resource of the kernel's is to the driver that they share (`nlan.netlink.driver`).

A kind turns desired and observed resources into steps, which the driver carries out: many kinds' messages
for a namespace go over one socket. It finds its resources, and foreign things beside them, in what the
kernel lists (`View`).
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from typing import Any, ClassVar, Generic, TypeVar

from nlan.errors import InternalError
from nlan.netlink import wire
from nlan.netlink.channel import Channel
from nlan.netlink.codec import Message, Refusal
from nlan.netlink.feature import Condition, Feature
from nlan.netlink.step import Step
from nlan.netlink.tables import nftables, rules
from nlan.netlink.tables.addresses import Addresses, dump_addresses
from nlan.netlink.tables.links import FIRST, Link, Links
from nlan.netlink.tables.routes import Routes, dump_all
from nlan.netlink.watch import Group, What
from nlan.resources import Foreign, Resource
from nlan.resources import foreign as foreign_things
from nlan.runtimes.base import Nodes

R = TypeVar("R", bound=Resource)

SETTLE_S = 0.1
"""How long the kernel may take to take in packets for a new IPv6 address; no event says when."""
LOOK_AGAIN_MS = 1


class View:
    """A namespace as its kernel lists it; each list is asked for when it is first needed, and once."""

    def __init__(
        self,
        namespace: str,
        links: Links,
        channel: Channel,
        filters: Channel,
        lacks: set[str],
        forwarding: Collection[str] = (),
    ) -> None:
        """Take what a namespace has.

        Args:
            namespace: Its name.
            links: Its links.
            channel: One of rtnetlink there.
            filters: One of nfnetlink.
            lacks: What the kernel is known to lack.
            forwarding: The kinds of links that have forwarding entries.
        """
        self.namespace, self.links, self.channel = namespace, links, channel
        self._filters, self._lacks, self._forwarding = filters, lacks, forwarding

    def dump(self, message: Message) -> list[memoryview]:
        """Return the bodies of what the kernel lists."""
        return [body for _, body in self.channel.dump(message)]

    @cached_property
    def addressing(self) -> tuple[Addresses, Routes]:
        """Addresses and routes, once the kernel had the time to make the routes of new addresses."""
        deadline = time.monotonic() + SETTLE_S
        while True:
            addresses = dump_addresses(self.channel, self.links)
            routes = dump_all(self.channel, ipv6=addresses.has_ipv6)
            if not addresses.is_fresh(routes) or time.monotonic() > deadline:
                return addresses, routes
            select.poll().poll(LOOK_AGAIN_MS)

    @cached_property
    def rules(self) -> list[bytes]:
        """The bodies of all rules."""
        return rules.dump_rules(self.channel)

    @cached_property
    def forwarding(self) -> list[memoryview]:
        """The bodies of all forwarding entries; none where nlan has no link that has any."""
        own = (link for link in self.links.by_name.values() if link.is_marked)
        if not any(link.kind in self._forwarding for link in own):
            return []
        header = wire.NDMSG.pack(wire.AF_BRIDGE, 0, 0, 0, 0)
        return self.dump(Message(wire.RTM_GETNEIGH, 0, header))

    @cached_property
    def tables(self) -> list[nftables.Table]:
        """The tables of nftables. A kernel that has none refuses once, and is asked no more."""
        if "nftables" in self._lacks:
            return []
        found = nftables.dump_tables(self._filters)
        if found is None:
            self._lacks.add("nftables")
        return found or []


class Views:
    """The links of all namespaces that are looked at, and of others where somebody asks for them."""

    def __init__(self, seen: dict[str, Links], get: Callable[[str], Links], nodes: Nodes) -> None:
        """Take what was seen, and what gets the rest."""
        self.present: Sequence[str] = tuple(seen)
        self._links, self._get, self._nodes = seen, get, nodes

    def links(self, namespace: str) -> Links:
        """Return the links of a namespace; none where it does not exist."""
        if namespace not in self._links:
            self._links[namespace] = self._get(namespace)
        return self._links[namespace]

    def others(self) -> Iterator[str]:
        """Yield the lab's namespaces that are not looked at."""
        return (name for name in self._nodes.namespaces() if name not in self.present)


class KernelKind(Generic[R]):
    """A kind of resource that is made and found over route netlink.

    Class attributes:
        resource: What describes one.
        features: What the kernel needs for it; see `needs`.
        conditions: What else of the machine it needs.
        events: Which of the kernel's events may concern one.
        forwarding: What the kernel calls its links, where they have forwarding entries.
        mark: The interface group that its links are in.
        gives_back: Whether its links are not nlan's to remove: `delete` says what becomes of one.
        traces: What the names of files in a node's run directory begin with where it holds one that has to
            be given back before the node goes; empty for kinds that go with their namespace.
    """

    resource: type[R]
    features: ClassVar[tuple[Feature, ...]] = ()
    conditions: ClassVar[tuple[Condition, ...]] = ()
    events: ClassVar[tuple[What | Group, ...]] = ()
    forwarding: ClassVar[tuple[str, ...]] = ()
    mark: ClassVar[int] = FIRST
    gives_back: ClassVar[bool] = False
    traces: ClassVar[str] = ""
    group: ClassVar[str] = "netlink"
    """They all have one driver."""

    def needs(self, desired: R) -> Iterable[Feature]:
        """Return what of its features a resource needs."""
        return self.features

    def why_not(self, desired: R, nodes: Any) -> Iterable[tuple[str, str]]:
        """Return what of a resource a place cannot do, and why: nothing."""
        return ()

    def driver(self, nodes: Nodes, kinds: Sequence[Any], desired: Iterable[Resource]) -> Any:
        """Return the driver of these kinds."""
        from nlan.netlink.driver import NetlinkDriver

        return NetlinkDriver(nodes, kinds)

    # What is there

    def observe(self, view: View) -> Iterable[Resource]:
        """Return what a namespace holds of the kind: what bears nlan's mark, and what is foreign."""
        return ()

    def observe_across(self, views: Views) -> Iterable[Resource]:
        """Return what can only be found by looking at several namespaces."""
        return ()

    # What is done: steps for the driver

    def create(self, desired: R) -> list[Step]:
        """Make it; the kernel is to refuse where there is one."""
        raise InternalError(f"the netlink driver cannot make {desired}")

    def update(self, desired: R, observed: R) -> list[Step]:
        """Change what differs."""
        raise InternalError(f"the netlink driver cannot change {observed} to {desired}")

    def delete(self, observed: R) -> list[Step]:
        """Remove it; links are removed many at once, by the driver."""
        return []

    # What may come in the way

    def remakes(self, desired: R, observed: R) -> bool:
        """Tell whether a link has to be made again for what the plan calls an update."""
        return False

    def is_half(self, found: R) -> bool:
        """Tell whether what was found is of no use, and may be removed where something else shall be."""
        return False

    def adopts(self, desired: R, link: Link) -> bool:
        """Tell whether a link without nlan's mark was nlan's: it is marked again."""
        return False

    def in_the_way(self, desired: R, channel: Channel) -> Iterable[Resource] | None:
        """Return what has to go before one that exists is taken over, whoever made it; None: it is not."""
        return None

    def mend(self, desired: R, refused: Refusal, nodes: Nodes) -> bool:
        """Take away the cause of a refusal, and return whether to try again."""
        return False


Kinds = Mapping[str, KernelKind[Any]]


def foreign(
    namespace: str,
    what: foreign_things.What,
    words: str,
    message: int,
    body: bytes | memoryview,
    *,
    prefix: IPv4Network | IPv6Network | None = None,
    harmless: bool = False,
) -> Foreign:
    """Return a foreign thing, and the message of rtnetlink that removes it."""
    removal = wire.NETLINK_ROUTE, message, bytes(body)
    return Foreign(
        namespace=namespace, what=what, words=words, prefix=prefix, harmless=harmless, removal=removal
    )
