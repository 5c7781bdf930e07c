"""The log in memory: for tests, and for trees that need not outlive their process."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from threading import RLock

from tega.api import LeaseInfo, Limits
from tega.errors import KnownRequest, WrongLast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tega.api import Record, Rev


class Memory:
    """What a log in memory holds, apart from whoever has it open."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.records: dict[Rev, Record] = {}
        self.horizon = 0
        self.last = 0
        self.requests: dict[str, Rev] = {}
        self.versions: dict[tuple[str, Rev], Rev] = {}
        self.blobs: dict[str, bytes] = {}
        self.leases: dict[str, tuple[float, float, str]] = {}
        self.wakes: set[int] = set()


class MemoryLog:
    """A log in memory, as one of any number of databases of the process has it open.

    Args:
        memory: What it holds, to be shared; its own by default.
        clock: Seconds of a clock that never goes back, for leases.
    """

    directory = ""

    def __init__(self, memory: Memory | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._held = memory if memory is not None else Memory()
        self._lock = self._held.lock
        self._clock = clock
        self._wake = -1

    def limits(self) -> Limits:
        return Limits(64 << 20, 1 << 20, 0.01, "lazy", "native")

    @contextmanager
    def hold(self) -> Iterator[None]:
        with self._lock:
            yield

    def horizon(self) -> Rev:
        return self._held.horizon

    def last(self) -> Rev:
        return self._held.last

    def hint(self) -> Rev:
        return self._held.last

    def append(self, records: Sequence[Record], *, expect_last: Rev) -> None:
        with self._lock:
            if self._held.last != expect_last:
                raise WrongLast(self._held.last)
            if any(record.request_id in self._held.requests for record in records if record.request_id):
                raise KnownRequest
            for record in records:
                self._keep(record)
            for wake in self._held.wakes:
                os.eventfd_write(wake, 1)

    def adopt(self, records: Sequence[Record], horizon: Rev, state: tuple[str, bytes] | None) -> None:
        with self._lock:
            named = [record.request_id for record in records if record.request_id]
            if len(set(named)) < len(named):
                raise KnownRequest
            self.append(records, expect_last=0)
            self._held.horizon = horizon
            if state is not None:
                self.put_blob(*state)

    def _keep(self, record: Record) -> None:
        self._held.records[record.rev] = record
        self._held.last = record.rev
        if record.request_id:
            self._held.requests[record.request_id] = record.rev
        for root, version in record.roots.items():
            self._held.versions[root, version] = record.rev

    def read(
        self, *, after: Rev, until: Rev | None = None, root: str | None = None
    ) -> Iterator[tuple[Rev, bytes]]:
        rev = max(after, self._held.horizon) + 1
        while rev <= self._held.last and (until is None or rev <= until):
            record = self._held.records.get(rev)
            if record is not None and (root is None or root in record.roots):
                yield rev, record.data
            rev += 1

    def find_request(self, request_id: str) -> Rev | None:
        return self._held.requests.get(request_id)

    def version_rev(self, root: str, version: Rev) -> Rev | None:
        return self._held.versions.get((root, version))

    def touched_last(self, root: str, until: Rev) -> Rev | None:
        return max((rev for rev in self._touched(root) if rev <= until), default=None)

    def touched_next(self, root: str, after: Rev) -> Rev | None:
        return min((rev for rev in self._touched(root) if rev > after), default=None)

    def _touched(self, root: str) -> list[Rev]:
        with self._lock:
            return [rev for (one, _), rev in self._held.versions.items() if one == root]

    def put_blob(self, name: str, data: bytes) -> None:
        self._held.blobs[name] = data

    def get_blob(self, name: str) -> bytes | None:
        return self._held.blobs.get(name)

    def drop_blob(self, name: str) -> None:
        self._held.blobs.pop(name, None)

    def blobs(self) -> list[str]:
        return sorted(self._held.blobs)

    def truncate(self, before: Rev, state: str) -> bool:
        with self._lock:
            if before > self._held.last or state not in self._held.blobs:
                return False
            for rev in range(self._held.horizon + 1, before):
                record = self._held.records.pop(rev)
                self._held.requests.pop(record.request_id, None)
                for root, version in record.roots.items():
                    self._held.versions.pop((root, version), None)
            self._held.horizon = max(self._held.horizon, before - 1)
        return True

    def squeeze(self, before: Rev, state: str, older: Sequence[str]) -> None:
        if self.truncate(before, state):
            for name in older:
                self.drop_blob(name)

    def reclaim(self) -> Iterator[None]:
        return iter(())

    def leases(self) -> list[LeaseInfo]:
        with self._lock:
            return [found for lease_id in self._held.leases if (found := self.lease(lease_id)) is not None]

    def lease(self, lease_id: str) -> LeaseInfo | None:
        with self._lock:
            found = self._held.leases.get(lease_id)
        if found is None:
            return None
        ttl, deadline, owner = found
        return LeaseInfo(lease_id, ttl, deadline - self._clock(), owner)

    def put_lease(self, lease_id: str, ttl: float, owner: str) -> None:
        with self._lock:
            self._held.leases[lease_id] = (ttl, self._clock() + ttl, owner)

    def keep_lease(self, lease_id: str) -> bool:
        with self._lock:
            found = self._held.leases.get(lease_id)
            if found is None:
                return False
            self._held.leases[lease_id] = (found[0], self._clock() + found[0], found[2])
            return True

    def drop_lease(self, lease_id: str) -> bool:
        with self._lock:
            return self._held.leases.pop(lease_id, None) is not None

    def wake_fd(self) -> int:
        if self._wake < 0:
            self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
            with self._lock:
                self._held.wakes.add(self._wake)
        return self._wake

    def drain_wake(self) -> None:
        try:
            os.eventfd_read(self._wake)
        except BlockingIOError:
            return

    def check(self) -> None:
        """Memory does not rot."""

    def close(self) -> None:
        """What it holds stays, for whoever else has it."""
        if self._wake >= 0:
            with self._lock:
                self._held.wakes.discard(self._wake)
            os.close(self._wake)
            self._wake = -1
