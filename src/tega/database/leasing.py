"""Leases: nodes that are put with one go when it ends."""

from __future__ import annotations

import os

from tega.api import Change, Op
from tega.database.committing import Committing
from tega.database.group import Request
from tega.database.signs import check_signs
from tega.errors import InvalidValue, LeaseLost
from tega.log.state import State
from tega.tree.nodes import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tega.api import Commit, LeaseInfo, Path


class Leasing(Committing):
    """A store with leases."""

    def grant(self, ttl: float, *, owner: str = "", lease_id: str | None = None) -> str:
        """Make a lease and return its id; nodes put with it go when it ends.

        Args:
            ttl: Seconds it lives without `keep_alive`.
            owner: Whose it is, for people.
            lease_id: A name of the caller's; generated unless told.

        Raises:
            InvalidValue: `ttl` is below `limits().min_ttl`, or a control
                character stands in a text.
        """
        check_signs("an owner", owner)
        check_signs("a lease", lease_id or "")
        if not ttl >= self._limits.min_ttl:
            raise InvalidValue(f"a lease of {ttl} s: at least {self._limits.min_ttl} s are needed")
        name = lease_id or f"{self._writer}{os.urandom(4).hex()}"
        with self._lock:
            self._check_open()
            self.log.put_lease(name, float(ttl), owner)
        return name

    def keep_alive(self, lease: str) -> None:
        """Give a lease its whole time again.

        Raises:
            LeaseLost: It is gone; its nodes are, too.
        """
        with self._lock:
            self._check_open()
            if not self.log.keep_lease(lease):
                raise LeaseLost(f"lease {lease} is gone; make a new one and put its nodes again")

    def leases(self) -> list[LeaseInfo]:
        """Return all leases, also those that ran out and were not reaped yet."""
        with self._lock:
            self._check_open()
            return self.log.leases()

    def revoke(self, lease: str) -> Commit | None:
        """End a lease now; returns the commit that removed its nodes, None if it had none."""
        return self._reap(lease)

    def expire(self) -> float | None:
        """End the leases that ran out; returns seconds until the next one may, None without any.

        Whoever has the store open may call it; each lease is reaped once.
        Nodes whose lease is lost (a damage, an import) go as well.
        """
        waits = []
        there = self.leases()
        for lost in self._state.leased.keys() - {lease.id for lease in there}:
            if self._leased_nodes(self._state, lost):
                self._reap(lost, only_expired=True)
        for lease in there:
            if lease.remaining > 0:
                waits.append(lease.remaining)
            else:
                self._reap(lease.id, only_expired=True)
        return min(waits, default=None)

    def reaping(self, lease: str, *, only_expired: bool = False) -> Request:
        """Return what ends a lease when it is submitted; without a result if the lease had no nodes."""
        request = Request((), None, f"lease:{lease}", "", None)
        request.reaps = lease
        request.plan = lambda state: self._plan_reap(state, lease, only_expired)
        return request

    def _reap(self, lease: str, *, only_expired: bool = False) -> Commit | None:
        request = self.reaping(lease, only_expired=only_expired)
        self._queue.append(request)
        self._carry_out(request)
        if request.error is not None:
            raise request.error
        return request.result

    def _plan_reap(self, state: State, lease: str, only_expired: bool) -> Sequence[Change]:
        if only_expired:
            found = self.log.lease(lease)
            if found is not None and found.remaining > 0:
                return ()
        self.log.drop_lease(lease)
        return [Change(Op.DELETE, path) for path in self._leased_nodes(state, lease)]

    def _leased_nodes(self, state: State, lease: str) -> list[Path]:
        nodes = [(path, find(state.root, path)) for path in sorted(state.leased.get(lease, ()))]
        return [path for path, node in nodes if node is not None and node.lease == lease]
