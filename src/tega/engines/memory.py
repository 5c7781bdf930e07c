"""The log in memory: for tests, and for trees that need not outlive their process."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from threading import RLock

from tega.api import LeaseInfo, Limits
from tega.errors import WrongLast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tega.api import Record, Rev


class MemoryLog:
    """One log that any number of databases of one process may share.

    Args:
        clock: Seconds of a clock that never goes back, for leases.
    """

    directory = ""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = RLock()
        self._clock = clock
        self._records: dict[Rev, Record] = {}
        self._first = 0
        self._last = 0
        self._requests: dict[str, Rev] = {}
        self._versions: dict[tuple[str, Rev], Rev] = {}
        self._blobs: dict[str, bytes] = {}
        self._leases: dict[str, tuple[float, float, str]] = {}
        self._wake = -1

    def limits(self) -> Limits:
        return Limits(64 << 20, 1 << 20, 0.01, "lazy", "native")

    @contextmanager
    def hold(self) -> Iterator[None]:
        with self._lock:
            yield

    def first(self) -> Rev:
        return self._first

    def last(self) -> Rev:
        return self._last

    def hint(self) -> Rev:
        return self._last

    def append(self, records: Sequence[Record], *, expect_last: Rev) -> None:
        with self._lock:
            if self._last != expect_last:
                raise WrongLast(self._last)
            for record in records:
                self._keep(record)
        if self._wake >= 0:
            os.eventfd_write(self._wake, 1)

    def _keep(self, record: Record) -> None:
        self._records[record.rev] = record
        self._first = self._first or record.rev
        self._last = record.rev
        if record.request_id:
            self._requests[record.request_id] = record.rev
        for root, version in record.roots.items():
            self._versions[root, version] = record.rev

    def read(
        self, *, after: Rev, until: Rev | None = None, root: str | None = None
    ) -> Iterator[tuple[Rev, bytes]]:
        rev = max(after + 1, self._first)
        while rev <= self._last and (until is None or rev <= until):
            record = self._records.get(rev)
            if record is not None and (root is None or root in record.roots):
                yield rev, record.data
            rev += 1

    def find_request(self, request_id: str) -> Rev | None:
        return self._requests.get(request_id)

    def version_rev(self, root: str, version: Rev) -> Rev | None:
        return self._versions.get((root, version))

    def put_blob(self, name: str, data: bytes) -> None:
        self._blobs[name] = data

    def get_blob(self, name: str) -> bytes | None:
        return self._blobs.get(name)

    def drop_blob(self, name: str) -> None:
        self._blobs.pop(name, None)

    def blobs(self) -> list[str]:
        return sorted(self._blobs)

    def truncate(self, before: Rev) -> None:
        with self._lock:
            before = min(before, self._last)
            for rev in range(self._first, before):
                record = self._records.pop(rev)
                self._requests.pop(record.request_id, None)
                for root, version in record.roots.items():
                    self._versions.pop((root, version), None)
            self._first = max(self._first, before)

    def leases(self) -> list[LeaseInfo]:
        now = self._clock()
        with self._lock:
            return [
                LeaseInfo(lease_id, ttl, deadline - now, owner)
                for lease_id, (ttl, deadline, owner) in self._leases.items()
            ]

    def put_lease(self, lease_id: str, ttl: float, owner: str) -> None:
        with self._lock:
            self._leases[lease_id] = (ttl, self._clock() + ttl, owner)

    def keep_lease(self, lease_id: str) -> bool:
        with self._lock:
            found = self._leases.get(lease_id)
            if found is None:
                return False
            self._leases[lease_id] = (found[0], self._clock() + found[0], found[2])
            return True

    def drop_lease(self, lease_id: str) -> bool:
        with self._lock:
            return self._leases.pop(lease_id, None) is not None

    def wake_fd(self) -> int:
        if self._wake < 0:
            self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        return self._wake

    def drain_wake(self) -> None:
        try:
            os.eventfd_read(self._wake)
        except BlockingIOError:
            return

    def check(self) -> None:
        """Memory does not rot."""

    def close(self) -> None:
        """The records stay, so that another database may be opened on them."""
        if self._wake >= 0:
            os.close(self._wake)
            self._wake = -1
