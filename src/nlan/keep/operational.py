"""`operational-NODE`: what is observed, in the lab's database as long as keep lives.

A document per node with sections ``links``, ``addresses``, ``routes``, ``neighbors``, ``bgp``, ``ospf``
and ``hosts`` (the same of each host). Only what differs is written, many things in one commit, and
nothing that moves by itself (uptimes, counters), so that a quiet network writes no history. While
something flaps on, commits become rarer. All of it hangs on a lease and goes with it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Any

from nlan.api.events.watching import KEEP
from nlan.api.upkeep.desired import Desired
from nlan.api.upkeep.lab import Document, KeptLab, people
from nlan.errors import HostError
from tega.api import Change, Op
from tega.database import Database
from tega.errors import LeaseLost, StoreError

PREFIX = "operational-"
MOST = 100
"""So many operations of a repair are written down."""
AUTHOR = "keep"
LEASE_S = 30.0
"""How long the documents outlive keep."""
AGAIN_S = 5.0
"""After a commit that failed, all is written anew so much later."""
BETWEEN_S = 0.5
"""Between two commits at least."""
BURST = 60
"""So many commits may come at that rate."""
REFILL_S = 5.0
"""After a burst, one commit is allowed per so many seconds."""
OF_DAEMONS = ("bgp", "ospf")


class Budget:
    """How many commits are affordable: a bucket of `BURST`, one more every `REFILL_S` seconds."""

    def __init__(self, now: float) -> None:
        """Begin full."""
        self._tokens, self._filled, self._last = float(BURST), now, now - BETWEEN_S

    def next(self, now: float) -> float:
        """Return when the next commit is allowed."""
        self._fill(now)
        at = self._last + BETWEEN_S
        return at if self._tokens >= 1.0 else max(at, now + (1.0 - self._tokens) * REFILL_S)

    def spend(self, now: float) -> None:
        """Take one."""
        self._fill(now)
        self._tokens -= 1.0
        self._last = now

    def _fill(self, now: float) -> None:
        self._tokens = min(float(BURST), self._tokens + (now - self._filled) / REFILL_S)
        self._filled = now


class Operational:
    """Keeps the documents current; `flush` when it is `due`."""

    def __init__(self, lab: KeptLab, database: Database) -> None:
        """Write nothing yet."""
        self._lab, self._database, self._clock = lab, database, lab.clock
        self._documents: dict[str, Document] = {}
        self._hosts: dict[str, dict[str, None]] = {}
        self._kernel: set[str] = set()
        self._sessions: set[str] = set()
        self._budget = Budget(lab.clock())
        self._repairs: list[str] = []
        self._last_ms = 0.0
        self._lease = ""
        self._keep_at = float("inf")

    @property
    def due(self) -> float:
        """When to `flush` next."""
        if self._lease and self._is_stale():
            return min(self._keep_at, self._budget.next(self._clock()))
        return self._keep_at

    def stale(self, namespaces: Iterable[str], *, sessions: bool = False) -> None:
        """Look at these again: at what the kernel holds, or at the daemons' sessions."""
        (self._sessions if sessions else self._kernel).update(people(namespaces))

    def note_repairs(self, operations: list[str], ms: float) -> None:
        """Take what was repaired; it goes into `keep`, with the next commit."""
        self._repairs += operations
        self._last_ms = ms

    def _is_stale(self) -> bool:
        return bool(self._kernel or self._sessions or self._repairs)

    def begin(self, namespaces: Iterable[str], desired: Desired) -> None:
        """Remove what an earlier keep left behind, and write all; what fails here is due again later."""
        names = list(namespaces)
        self.stale(names)
        self.stale((n for n in names if n in desired.speakers), sessions=True)
        self._retreat()
        self._database.expire()
        lease = self._database.grant(LEASE_S, owner=AUTHOR)
        roots = self._database.view().keys()
        changes = [Change(Op.DELETE, (root,)) for root in roots if root.startswith(PREFIX)]
        self._commit([*changes, Change(Op.PUT, KEEP, self._about(), lease)])
        self._lease, self._keep_at = lease, self._clock() + LEASE_S / 3
        self._documents.clear()
        self._hosts.clear()
        self.flush(desired)

    def _retreat(self) -> None:
        """Write nothing more for a while: what is written is no longer what is known to be."""
        self._lease, self._keep_at = "", self._clock() + AGAIN_S

    def end(self) -> None:
        """Remove the documents."""
        if self._lease:
            self._database.revoke(self._lease)
            self._lease = ""

    def leave(self) -> None:
        """Write nothing more, and remove nothing: the database is lost."""
        self._lease, self._keep_at = "", float("inf")

    def flush(self, desired: Desired) -> None:
        """Write what changed, as far as the budget allows, and keep the lease alive."""
        now = self._clock()
        if now >= self._keep_at:
            self._go_on(now, desired)
        if not self._lease or not self._is_stale() or now < self._budget.next(now):
            return
        kernel, sessions = sorted(self._kernel), sorted(self._sessions)
        self._kernel.clear()
        self._sessions.clear()
        changes: list[Change] = []
        for namespace in kernel:
            changes += self._look_kernel(namespace)
        for namespace in sessions:
            changes += self._look_sessions(namespace, desired)
        if self._repairs:
            changes.append(Change(Op.PUT, KEEP, self._about(), self._lease))
            self._repairs = []
        if changes:
            self._budget.spend(now)
            try:
                self._commit(changes)
            except StoreError:
                self._retreat()
                raise

    def _about(self) -> Document:
        """Who keeps the lab, and what was repaired last."""
        about: Document = {"pid": os.getpid()}
        if self._repairs:
            last = {"operations": self._repairs[:MOST], "count": len(self._repairs), "ms": self._last_ms}
            about["repaired"] = {"time": round(time.time(), 3), **last}
        return about

    def _go_on(self, now: float, desired: Desired) -> None:
        self._keep_at = now + LEASE_S / 3
        try:
            if self._lease:
                self._database.keep_alive(self._lease)
                return
        except LeaseLost:  # the machine slept for longer
            pass
        self.begin([*self._documents, *self._kernel], desired)

    def _look_kernel(self, namespace: str) -> list[Change]:
        try:
            found = self._lab.kernel_of(namespace)
        except HostError:
            return self._gone(namespace)
        return self._update(namespace, found)

    def _look_sessions(self, namespace: str, desired: Desired) -> list[Change]:
        if namespace not in self._documents:
            return []  # gone
        return self._update(namespace, self._lab.sessions_of(namespace, desired))

    def _update(self, namespace: str, sections: Document) -> list[Change]:
        """Return what to write so that these sections stand there."""
        known = self._documents.get(namespace)
        if known is None:
            self._documents[namespace] = dict(sections)
            return self._appear(namespace)
        before = dict(known)
        known.update(sections)
        if namespace.partition("/")[0] not in self._documents:
            return []  # comes with its node
        path = _path(namespace)
        return [
            c
            for name, value in sections.items()
            for c in _differences((*path, name), before.get(name), value)
        ]

    def _appear(self, namespace: str) -> list[Change]:
        """A node's document is put whole, with the lease; its hosts' stand below it."""
        path = _path(namespace)
        if len(path) == 1:
            below = {host: self._documents[f"{namespace}/{host}"] for host in self._hosts.get(namespace, ())}
            whole = self._documents[namespace] | ({"hosts": below} if below else {})
            return [Change(Op.PUT, path, whole, self._lease)]
        node, _, host = namespace.partition("/")
        self._hosts.setdefault(node, {})[host] = None
        if node not in self._documents:
            return []  # comes with its node
        return [Change(Op.PUT, path, self._documents[namespace])]

    def _gone(self, namespace: str) -> list[Change]:
        if self._documents.pop(namespace, None) is None:
            return []
        node, _, host = namespace.partition("/")
        self._hosts.get(node, {}).pop(host, None)
        return [Change(Op.DELETE, _path(namespace))]

    def _commit(self, changes: list[Change]) -> None:
        if changes:
            self._database.commit(changes, author=AUTHOR)


def _differences(path: tuple[str, ...], before: Any, after: Any) -> list[Change]:
    """Return what turns a section into another: entry by entry where few differ, as history keeps it all."""
    if before == after:
        return []
    if isinstance(before, dict) and before and isinstance(after, dict):
        gone = before.keys() - after.keys()
        put = {name: value for name, value in after.items() if before.get(name) != value}
        if 2 * (len(gone) + len(put)) <= len(after):
            removals = [Change(Op.DELETE, (*path, name)) for name in sorted(gone)]
            return [*removals, *(Change(Op.PUT, (*path, name), value) for name, value in put.items())]
    return [Change(Op.PUT, path, after)]


def _path(namespace: str) -> tuple[str, ...]:
    node, _, host = namespace.partition("/")
    return (PREFIX + node, "hosts", host) if host else (PREFIX + node,)
