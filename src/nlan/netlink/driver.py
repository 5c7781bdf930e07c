"""The driver of the kinds that are made over route netlink (`nlan.netlink.kind.KernelKind`)."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from nlan.errors import ApplyError, HostError, InternalError, NlanError, NotOwnedError
from nlan.netlink.channel import Channel, is_absent, kernel_words, open_channel, open_channels
from nlan.netlink.codec import Message, Refusal
from nlan.netlink.kind import KernelKind, Kinds, View, Views
from nlan.netlink.step import FINISH, MAKE, REMOVE, Context, Step, UnbuildableError
from nlan.netlink.tables import links
from nlan.netlink.tables.links import Links
from nlan.plan import Operation
from nlan.resources import Resource
from nlan.runtimes.base import Nodes

_AT_ONCE = 64
"""Messages per batch: their descriptors are open at once, and stay below the usual limit of 1024."""


class NetlinkDriver:
    """What the kernel has in the namespaces of a place.

    Nothing is kept between calls, no socket either: a socket would keep a deleted namespace alive.
    """

    def __init__(self, nodes: Nodes, kinds: Iterable[KernelKind[Any]]) -> None:
        """Take the place to work in, and the kinds to serve."""
        self._nodes = nodes
        self._kinds: Kinds = {kind.resource.kind: kind for kind in kinds}
        self._forwarding = frozenset(link for kind in self._kinds.values() for link in kind.forwarding)
        self._lacks: set[str] = set()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that it serves."""
        return tuple(self._kinds)

    def observe(self, namespaces: Sequence[str]) -> Iterable[Resource]:
        """Return every resource of these namespaces that bears nlan's mark, and what is foreign there.

        A veth pair is returned once, with the namespace of its first end.
        """
        found: list[Resource] = []
        seen: dict[str, Links] = {}
        for namespace in namespaces:
            try:
                channel, filters = open_channels(self._nodes, namespace)
                with channel, filters:
                    seen[namespace] = table = links.dump_links(channel)
                    view = View(namespace, table, channel, filters, self._lacks, self._forwarding)
                    for kind in self._kinds.values():
                        found += kind.observe(view)
            except HostError:
                if namespace in self._nodes.namespaces():
                    raise
        views = Views(seen, self._links_of, self._nodes)
        for kind in self._kinds.values():
            found += kind.observe_across(views)
        return found

    def _links_of(self, namespace: str) -> Links:
        try:
            with open_channel(self._nodes, namespace) as channel:
                return links.dump_links(channel)
        except HostError:
            return Links(())

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Carry out operations, see `nlan.kinds.base.Driver`; what goes, goes before what comes."""
        call = self._run(operations)
        for position, operation in enumerate(operations):
            refused = call.refusals.get(position)
            if refused is None or operation.action == "delete":
                continue
            if refused.errno == errno.EEXIST:
                call.outcomes[position] = self._settle_existing(operation)
            elif self._kind(operation).mend(operation.desired, refused, self._nodes):
                call.outcomes[position] = self._once_more(operation)
        return call.outcomes

    def _run(self, operations: Sequence[Operation]) -> _Call:
        call = _Call(self._nodes, self._kinds, operations)
        call.run()
        return call

    def _kind(self, operation: Operation) -> KernelKind[Any]:
        return self._kinds[operation.key.kind]

    def _once_more(self, operation: Operation) -> NlanError | None:
        """Make what could not be made for a reason that is gone."""
        call = self._run([_creation(operation, operation.desired)])
        refused = call.refusals.get(0)
        is_there = refused is not None and refused.errno == errno.EEXIST
        return self._settle_existing(operation) if is_there else call.outcomes[0]

    def _settle_existing(self, operation: Operation) -> NlanError | None:
        """What shall be made exists: fine if it is nlan's and equal, changed if it can be, else an error."""
        desired = operation.desired
        if desired is None:
            raise InternalError(f"{operation} without a desired resource")
        with open_channel(self._nodes, operation.key.namespace) as channel:
            others = self._kind(operation).in_the_way(desired, channel)
        if others is not None:
            return self._take_over(operation, desired, others)
        found = {resource.key: resource for resource in self.observe(_namespaces(desired))}
        halves = [resource for resource in found.values() if self._is_half_in_the_way(resource, desired)]
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

    def _take_over(
        self, operation: Operation, desired: Resource, others: Iterable[Resource]
    ) -> NlanError | None:
        """Make nlan's what is there, without what is in the way of that."""
        failures = [f for f in self.apply([_deletion(other) for other in others]) if f is not None]
        return failures[0] if failures else self.apply([_update(operation, desired, desired)])[0]

    def _is_half_in_the_way(self, found: Resource, desired: Resource) -> bool:
        kind = self._kinds.get(found.kind)
        is_half = kind is not None and found.is_link and kind.is_half(found)
        return is_half and ("interface", found.key.namespace, found.key.name) in desired.claims()

    def _try_again(self, operation: Operation, desired: Resource) -> NlanError | None:
        """Make what had a link in its way that nlan does not find, or that it has removed.

        The kernel takes its time with the links of a removed namespace, at both ends of a pair: the
        name may have become free at any moment since.
        """
        call = self._run([_creation(operation, desired)])
        refused = call.refusals.get(0)
        if refused is None or refused.errno != errno.EEXIST:
            return call.outcomes[0]
        if self._is_adopted(desired):
            return self._settle_existing(operation)
        words = f"{kernel_words(refused)}, and nlan did not make it; remove or rename it"
        return NotOwnedError(f"{operation.key.namespace}: {operation}: {words}")

    def _is_adopted(self, desired: Resource) -> bool:
        """Mark a link of nlan's again that lost its mark."""
        if not desired.is_link:
            return False
        _, namespace, name = desired.key
        with open_channel(self._nodes, namespace) as channel:
            link = links.dump_links(channel).by_name.get(name)
            kind = self._kinds[desired.kind]
            if link is None or link.is_marked or not kind.adopts(desired, link):
                return False
            return channel.request([links.group_link(link.name, kind.mark)]) == [None]


def _namespaces(desired: Resource) -> list[str]:
    """Return where it is, and where the other end of a pair is."""
    return list(dict.fromkeys((desired.key.namespace, *(namespace for namespace, _ in desired.ends()))))


def _deletion(half: Resource) -> Operation:
    reason = "its other end is gone"
    return Operation(action="delete", key=half.key, impact="hitless", reason=reason, observed=half)


def _creation(operation: Operation, desired: Resource | None) -> Operation:
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

    def __init__(self, nodes: Nodes, kinds: Kinds, operations: Sequence[Operation]) -> None:
        self._nodes, self._kinds, self._operations = nodes, kinds, operations
        self.outcomes: list[NlanError | None] = [None] * len(operations)
        self.refusals: dict[int, Refusal] = {}
        self._tables: dict[str, Links] = {}

    def run(self) -> None:
        steps = [(position, s) for position, o in enumerate(self._operations) for s in self._steps(o)]
        apart = [(position, step) for position, step in steps if step.apart is not None]
        self._carry_out_apart([(position, step) for position, step in apart if step.phase == REMOVE])
        self._remove_links()
        for phase in (REMOVE, MAKE, FINISH):
            self._carry_out_apart([(p, step) for p, step in apart if step.phase == phase != REMOVE])
            by_namespace: dict[str, list[tuple[int, Step]]] = {}
            for position, step in steps:
                if step.phase == phase and step.apart is None:
                    by_namespace.setdefault(step.namespace, []).append((position, step))
            for namespace, group in by_namespace.items():
                for start in range(0, len(group), _AT_ONCE):
                    self._carry_out(namespace, group[start : start + _AT_ONCE])

    def _carry_out(self, namespace: str, steps: Sequence[tuple[int, Step]]) -> None:
        steps = [(position, step) for position, step in steps if self.outcomes[position] is None]
        try:
            channel = open_channel(self._nodes, namespace)
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
            descriptors.append(self._nodes.netns_fd(other))
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
        if refused is None or (step.absent_is_done and (is_absent(refused) or refused.errno in step.absent)):
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

    def _carry_out_apart(self, steps: Sequence[tuple[int, Step]]) -> None:
        for position, step in steps:
            assert step.apart is not None
            try:
                refused = step.apart(self._nodes)
            except HostError as failure:
                if not step.absent_is_done:
                    self._fail(position, str(failure))
                continue  # gone with its namespace
            self._judge(position, step, refused)

    def _remove_links(self) -> None:
        """Remove links namespace by namespace, all of one at once: each removal alone takes 16 ms."""
        leaving = [
            (position, operation.observed.ends())
            for position, operation in enumerate(self._operations)
            if operation.observed is not None and self._takes_link_away(operation)
        ]
        weight = Counter(namespace for _, both in leaving for namespace, _ in both)
        chosen: dict[str, list[tuple[int, str]]] = {}
        for position, both in leaving:
            namespace, name = max(both, key=lambda end: weight[end[0]])
            chosen.setdefault(namespace, []).append((position, name))
        for namespace, group in chosen.items():
            self._remove_links_of(namespace, group)

    def _remove_links_of(self, namespace: str, group: Sequence[tuple[int, str]]) -> None:
        try:
            channel = open_channel(self._nodes, namespace)
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

    def _takes_link_away(self, operation: Operation) -> bool:
        desired, observed = operation.desired, operation.observed
        if observed is None or not observed.is_link or self._kinds[observed.kind].gives_back:
            return False
        if operation.action in ("delete", "replace"):
            return True
        return desired is not None and self._kinds[observed.kind].remakes(desired, observed)

    def _steps(self, operation: Operation) -> list[Step]:
        """Return the steps of an operation; those that remove links are taken together elsewhere."""
        desired, observed = operation.desired, operation.observed
        kind = self._kinds[operation.key.kind]
        if operation.action == "delete":
            return kind.delete(observed)
        if operation.action == "create" or self._takes_link_away(operation):
            return kind.create(desired)
        if operation.action == "replace":
            return [*kind.delete(observed), *kind.create(desired)]
        return kind.update(desired, observed)
