"""The driver of links, addresses, forwarding entries and routes."""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from nlan.errors import ApplyError, HostError, InternalError, NlanError, NotOwnedError
from nlan.kinds import address, bridge, foreign, stack, veth, vxlan
from nlan.kinds import nftables as tables
from nlan.kinds.address import Addresses
from nlan.netlink import links, route
from nlan.netlink.channel import (
    NETFILTER,
    Channel,
    is_absent,
    kernel_words,
    open_channel,
    open_channels,
)
from nlan.netlink.codec import Message, Refusal
from nlan.netlink.links import Links
from nlan.netlink.route import Routes
from nlan.netlink.step import FINISH, MAKE, REMOVE, Context, Step, UnbuildableError
from nlan.place import Place
from nlan.plan import Operation
from nlan.resources import Address, Bridge, FdbEntry, Foreign, Resource, Route, Stack, Veth, Vxlan

KINDS = ("stack", "bridge", "veth", "vxlan", "address", "fdb", "route", "foreign")
_LINKS = (Bridge, Veth, Vxlan)
SETTLE_S = 0.1
"""How long the kernel may take to take in packets for a new IPv6 address; no event says when."""
LOOK_AGAIN_MS = 1
_AT_ONCE = 64
"""Messages per batch: their descriptors are open at once, and stay below the usual limit of 1024."""


class NetlinkDriver:
    """Bridges, veth pairs, VXLAN devices, addresses, forwarding entries and routes of a place.

    Nothing is kept between calls, no socket either: a socket would keep a deleted namespace alive.
    """

    kinds: tuple[str, ...] = KINDS

    def __init__(self, place: Place) -> None:
        """Take the place to work in."""
        self._place = place
        self._tables = tables.Tables()

    def observe(self, namespaces: Sequence[str]) -> Iterable[Resource]:
        """Return every resource of these namespaces that bears nlan's mark.

        A veth pair is returned once, with the namespace of its first end.
        """
        found: list[Resource] = []
        seen: dict[str, Links] = {}
        for namespace in namespaces:
            try:
                channel, filters = open_channels(self._place, namespace)
                with channel, filters:
                    seen[namespace] = table = links.dump_links(channel)
                    found += self._observe_inside(namespace, table, channel)
                    found += self._tables.observe(namespace, filters)
            except HostError:
                if namespace in self._place.namespaces():
                    raise
        found += self._observe_pairs(namespaces, seen)
        return found

    def _observe_inside(self, namespace: str, table: Links, channel: Channel) -> Iterator[Resource]:
        addresses, routes = _settled(channel, table)
        rules = stack.dump_rules(channel)
        entries = vxlan.dump_entries(table, channel)
        yield stack.observe(namespace, table, rules)
        yield from bridge.observe(namespace, table)
        yield from vxlan.observe(namespace, table)
        yield from vxlan.observe_entries(namespace, table, entries)
        yield from address.observe(namespace, addresses, routes)
        yield from route.observe(namespace, table, routes)
        yield from foreign.links(namespace, table)
        yield from foreign.addresses(namespace, addresses)
        yield from foreign.routes(namespace, table, routes)
        yield from foreign.rules(namespace, rules)
        yield from foreign.queues(namespace, table, channel)
        yield from foreign.neighbors(namespace, table, channel)
        yield from foreign.proxies(namespace, table, channel)
        yield from foreign.programs(namespace, table)
        yield from foreign.entries(namespace, table, entries)

    def _observe_pairs(self, namespaces: Sequence[str], tables: dict[str, Links]) -> Iterator[Veth]:
        seen: set[tuple[str, str]] = set()

        def other(namespace: str) -> Links:
            if namespace not in tables:
                tables[namespace] = self._links_of(namespace)
            return tables[namespace]

        present = [name for name in namespaces if name in tables]
        for namespace in present:
            yield from veth.observe(namespace, tables[namespace], other, seen)
        if any(veth.has_orphans(name, tables[name], seen) for name in present):
            for namespace in self._place.namespaces():  # their first ends may be elsewhere
                if namespace not in present:
                    list(veth.observe(namespace, other(namespace), other, seen))
        for namespace in present:
            yield from veth.observe_orphans(namespace, tables[namespace], seen)

    def _links_of(self, namespace: str) -> Links:
        try:
            with open_channel(self._place, namespace) as channel:
                return links.dump_links(channel)
        except HostError:
            return Links(())

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Carry out operations, see `nlan.kinds.base.Driver`; what goes, goes before what comes."""
        call = _Call(self._place, operations)
        call.run()
        for position, operation in enumerate(operations):
            refused = call.refusals.get(position)
            if refused is None or operation.action == "delete":
                continue
            if refused.errno == errno.EEXIST:
                call.outcomes[position] = self._settle_existing(operation)
            elif refused.errno == errno.EACCES and isinstance(operation.desired, Address):
                call.outcomes[position] = self._allow_ipv6(operation, operation.desired)
        return call.outcomes

    def _allow_ipv6(self, operation: Operation, desired: Address) -> NlanError | None:
        """Switch IPv6 on for an interface where somebody switched it off, and give the address."""
        with self._place.inside(desired.namespace):
            path = Path("/proc/sys/net/ipv6/conf", desired.interface, "disable_ipv6")
            path.write_text("0", encoding="ascii")
        call = _Call(self._place, [_creation(operation, desired)])
        call.run()
        refused = call.refusals.get(0)
        is_there = refused is not None and refused.errno == errno.EEXIST
        return self._settle_existing(operation) if is_there else call.outcomes[0]

    def _settle_existing(self, operation: Operation) -> NlanError | None:
        """What shall be made exists: fine if it is nlan's and equal, changed if it can be, else an error."""
        desired = operation.desired
        if desired is None:
            raise InternalError(f"{operation} without a desired resource")
        if isinstance(desired, Address):
            return self._take_over(operation, desired)
        found = {resource.key: resource for resource in self.observe(_namespaces(desired))}
        halves = [resource for resource in found.values() if _is_half_in_the_way(resource, desired)]
        existing = found.get(desired.key)
        if existing is None or existing in halves:
            failures = [f for f in self.apply([_deletion(half) for half in halves]) if f is not None]
            return failures[0] if failures else self._try_again(operation, desired)
        difference = desired.difference(existing)
        if difference is None:
            return None
        if not difference.in_place:
            return ApplyError(operation.key.namespace, str(operation), f"it exists, but {difference.reason}")
        return self.apply([_update(operation, desired, existing)])[0]

    def _take_over(self, operation: Operation, desired: Address) -> NlanError | None:
        """Make an IPv6 address nlan's that the interface has, without what it has of another length."""
        with open_channel(self._place, desired.namespace) as channel:
            others = list(address.of_other_length(desired, channel))
        failures = [f for f in self.apply([_deletion(other) for other in others]) if f is not None]
        return failures[0] if failures else self.apply([_update(operation, desired, desired)])[0]

    def _try_again(self, operation: Operation, desired: Resource) -> NlanError | None:
        """Make what had a link in its way that nlan does not find, or that it has removed.

        The kernel takes its time with the links of a removed namespace, at both ends of a pair: the
        name may have become free at any moment since.
        """
        call = _Call(self._place, [_creation(operation, desired)])
        call.run()
        refused = call.refusals.get(0)
        if refused is None or refused.errno != errno.EEXIST:
            return call.outcomes[0]
        if self._is_adopted(desired):
            return self._settle_existing(operation)
        words = f"{kernel_words(refused)}, and nlan did not make it; remove or rename it"
        return NotOwnedError(f"{operation.key.namespace}: {operation}: {words}")

    def _is_adopted(self, desired: Resource) -> bool:
        """Mark a link of nlan's again that lost its mark: of its kind and name, with its MAC address."""
        if not isinstance(desired, _LINKS):
            return False
        with open_channel(self._place, desired.namespace) as channel:
            link = links.dump_links(channel).by_name.get(desired.name)
            if link is None or link.is_marked or (link.kind, link.mac) != (desired.kind, desired.mac):
                return False
            return channel.request([links.group_link(link.name, links.FIRST)]) == [None]


def _settled(channel: Channel, table: Links) -> tuple[Addresses, Routes]:
    """Return addresses and routes, once the kernel had the time to make the routes of new addresses."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        addresses = address.dump_addresses(channel, table)
        routes = route.dump_all(channel, ipv6=addresses.has_ipv6)
        if not addresses.is_fresh(routes) or time.monotonic() > deadline:
            return addresses, routes
        select.poll().poll(LOOK_AGAIN_MS)


def _namespaces(desired: Resource) -> list[str]:
    """Return where it is, and where the other end of a pair is."""
    elsewhere = (claim[1] for claim in desired.claims() if claim[0] == "interface")
    return list(dict.fromkeys((desired.key.namespace, *elsewhere)))


def _is_half_in_the_way(found: Resource, desired: Resource) -> bool:
    is_half = isinstance(found, Veth) and not found.peer_namespace
    return is_half and ("interface", found.key.namespace, found.key.name) in desired.claims()


def _deletion(half: Resource) -> Operation:
    reason = "its other end is gone"
    return Operation(action="delete", key=half.key, impact="hitless", reason=reason, observed=half)


def _creation(operation: Operation, desired: Resource) -> Operation:
    return Operation(
        action="create", key=operation.key, impact=operation.impact, reason=operation.reason, desired=desired
    )


def _update(operation: Operation, desired: Resource, existing: Resource) -> Operation:
    return Operation(
        action="update",
        key=operation.key,
        impact=operation.impact,
        reason=operation.reason,
        desired=desired,
        observed=existing,
    )


class _Call:
    """One call of `apply`: steps per phase and namespace, and what became of each operation."""

    def __init__(self, place: Place, operations: Sequence[Operation]) -> None:
        self._place, self._operations = place, operations
        self.outcomes: list[NlanError | None] = [None] * len(operations)
        self.refusals: dict[int, Refusal] = {}
        self._tables: dict[str, Links] = {}

    def run(self) -> None:
        steps = [(position, s) for position, o in enumerate(self._operations) for s in _steps(o)]
        self._remove_tables()
        self._remove_links()
        for phase in (REMOVE, MAKE, FINISH):
            by_namespace: dict[str, list[tuple[int, Step]]] = {}
            for position, step in steps:
                if step.phase == phase:
                    by_namespace.setdefault(step.namespace, []).append((position, step))
            for namespace, group in by_namespace.items():
                for start in range(0, len(group), _AT_ONCE):
                    self._carry_out(namespace, group[start : start + _AT_ONCE])

    def _carry_out(self, namespace: str, steps: Sequence[tuple[int, Step]]) -> None:
        steps = [(position, step) for position, step in steps if self.outcomes[position] is None]
        try:
            channel = open_channel(self._place, namespace)
        except HostError as failure:
            for position, step in steps:
                if not step.absent_is_done:
                    self._fail(position, str(failure))
            return
        with channel:
            self._send(namespace, channel, steps)

    def _send(self, namespace: str, channel: Channel, steps: Sequence[tuple[int, Step]]) -> None:
        descriptors: list[int] = []

        def netns(other: str) -> int:
            descriptors.append(self._place.netns_fd(other))
            return descriptors[-1]

        context = Context(lambda: self._links(namespace, channel), netns)
        try:
            built = [(p, step, m) for p, step in steps if (m := self._build(p, step, context)) is not None]
            answers = channel.request([message for _, _, message in built])
            for (position, step, _), refused in zip(built, answers, strict=True):
                self._judge(position, step, refused)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _build(self, position: int, step: Step, context: Context) -> Message | None:
        try:
            return step.build(context)
        except (UnbuildableError, HostError) as failure:
            self._fail(position, str(failure))
            return None

    def _judge(self, position: int, step: Step, refused: Refusal | None) -> None:
        if refused is None or (step.absent_is_done and is_absent(refused)):
            return
        if self.outcomes[position] is None:
            self.refusals[position] = refused
            self._fail(position, kernel_words(refused))

    def _fail(self, position: int, reason: str) -> None:
        operation = self._operations[position]
        self.outcomes[position] = ApplyError(operation.key.namespace, str(operation), reason)

    def _links(self, namespace: str, channel: Channel) -> Links:
        """Return the links of the namespace as they were when this call first asked, removals aside."""
        if namespace not in self._tables:
            self._tables[namespace] = links.dump_links(channel)
        return self._tables[namespace]

    def _remove_tables(self) -> None:
        for position, operation in enumerate(self._operations):
            table = _removed_table(operation)
            if table is None:
                continue
            try:
                refused = tables.remove(self._place, table.namespace, table.removal[2])
            except HostError:
                continue  # gone with its namespace
            if refused is not None and not is_absent(refused):
                self._fail(position, kernel_words(refused))

    def _remove_links(self) -> None:
        """Remove links namespace by namespace, all of one at once: each removal alone takes 16 ms."""
        leaving = [(p, _ends(o)) for p, o in enumerate(self._operations) if _takes_link_away(o)]
        weight = Counter(namespace for _, both in leaving for namespace, _ in both)
        chosen: dict[str, list[tuple[int, str]]] = {}
        for position, both in leaving:
            namespace, name = max(both, key=lambda end: weight[end[0]])
            chosen.setdefault(namespace, []).append((position, name))
        for namespace, group in chosen.items():
            self._remove_links_of(namespace, group)

    def _remove_links_of(self, namespace: str, group: Sequence[tuple[int, str]]) -> None:
        try:
            channel = open_channel(self._place, namespace)
        except HostError:
            return  # gone with all its links
        with channel:
            table = links.dump_links(channel)
            doomed = [(position, name) for position, name in group if self._may_go(position, name, table)]
            if not doomed:
                return
            messages = [links.group_link(name, links.DOOMED) for _, name in doomed]
            *answers, last = channel.request([*messages, links.delete_doomed()])
            if last is not None:  # or the next removal here would take them along, wanted again or not
                channel.request([links.group_link(name, table.by_name[name].group) for _, name in doomed])
        step = Step(REMOVE, namespace, lambda _: None, absent_is_done=True)
        for (position, _), refused in zip(doomed, answers, strict=True):
            self._judge(position, step, refused or last)

    def _may_go(self, position: int, name: str, table: Links) -> bool:
        link = table.by_name.get(name)
        if link is not None and not link.is_marked:
            operation = self._operations[position]
            words = f"{operation}: the link bears no mark of nlan, and stays"
            self.outcomes[position] = NotOwnedError(f"{operation.key.namespace}: {words}")
        return link is not None and link.is_marked


def _removed_table(operation: Operation) -> Foreign | None:
    """Return the table of nftables that an operation removes; None for all that route sockets do."""
    observed = operation.observed
    is_table = isinstance(observed, Foreign) and observed.removal[0] == NETFILTER
    return observed if is_table and isinstance(observed, Foreign) else None


def _takes_link_away(operation: Operation) -> bool:
    if isinstance(operation.desired, Vxlan) and isinstance(operation.observed, Vxlan):
        other_family = operation.desired.local.version != operation.observed.local.version
        return other_family or operation.action == "replace"
    return operation.action in ("delete", "replace") and isinstance(operation.observed, _LINKS)


def _ends(operation: Operation) -> list[tuple[str, str]]:
    match operation.observed:
        case Veth(peer_namespace="") as pair:
            return [(pair.namespace, pair.name)]
        case Veth() as pair:
            return [(pair.namespace, pair.name), (pair.peer_namespace, pair.peer_name)]
        case Bridge() | Vxlan() as link:
            return [(link.namespace, link.name)]
        case other:
            raise InternalError(f"{other} is no link")


def _steps(operation: Operation) -> list[Step]:
    """Return the steps of an operation; those that remove links are taken together elsewhere."""
    desired, observed = operation.desired, operation.observed
    if operation.action == "delete":
        return _delete_steps(observed)
    if operation.action == "create" or _takes_link_away(operation):
        return _create_steps(desired)
    if operation.action == "replace":
        return [*_delete_steps(observed), *_create_steps(desired)]
    return _update_steps(desired, observed)


def _create_steps(desired: Resource | None) -> list[Step]:
    match desired:
        case Bridge():
            return bridge.create(desired)
        case Veth():
            return veth.create(desired)
        case Vxlan():
            return vxlan.create(desired)
        case Address():
            return address.create(desired)
        case FdbEntry():
            return vxlan.create_entry(desired)
        case Route():
            return route.create(desired)
        case _:
            raise InternalError(f"the netlink driver cannot make {desired}")


def _delete_steps(observed: Resource | None) -> list[Step]:
    match observed:
        case Bridge() | Veth() | Vxlan():
            return []
        case Address():
            return address.delete(observed)
        case Foreign():
            return _foreign_steps(observed)
        case FdbEntry():
            return vxlan.delete_entry(observed)
        case Route():
            return route.delete(observed)
        case _:
            raise InternalError(f"the netlink driver cannot delete {observed}")


def _foreign_steps(observed: Foreign) -> list[Step]:
    """Send back what was listed; tables of nftables are removed elsewhere."""
    family, kind, body = observed.removal
    if family != socket.NETLINK_ROUTE:
        return []
    message = Message(kind, 0, body)
    return [Step(REMOVE, observed.namespace, lambda _: message, absent_is_done=True)]


def _update_steps(desired: Resource | None, observed: Resource | None) -> list[Step]:
    match desired, observed:
        case Bridge(), Bridge():
            return bridge.update(desired, observed)
        case Veth(), Veth():
            return veth.update(desired, observed)
        case Vxlan(), Vxlan():
            return vxlan.update(desired, observed)
        case Address(), Address():
            return address.update(desired, observed)
        case Stack(), Stack():
            return stack.update(observed)
        case Route(), _:
            return route.update(desired)
        case _:
            raise InternalError(f"the netlink driver cannot change {observed} to {desired}")
