"""What an engine gives: the contract that `memory`, `sqlite` and their like meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from tega.api import LeaseInfo, Limits, Record, Rev


class Log(Protocol):
    """What an engine gives; everything else is written once above it.

    All methods may block and may be called from any thread. Revisions
    are dense: the record after n is n + 1.
    """

    directory: str
    """Where it lives, for messages; empty if nowhere."""

    def limits(self) -> Limits: ...
    def hold(self) -> AbstractContextManager[None]:
        """Keep every other writer out while inside, where the engine can; else do nothing."""

    def last(self) -> Rev:
        """Revision of the last record, surely current inside `hold`; 0 for an empty log."""

    def horizon(self) -> Rev:
        """Newest revision whose record was forgotten on purpose; 0 if none was."""

    def hint(self) -> Rev:
        """A cheap upper bound of `last`: covers every commit acknowledged before the call."""

    def append(self, records: Sequence[Record], *, expect_last: Rev) -> None:
        """Add all or none, as durable as `limits` says when it returns; once per `hold`.

        Lease calls made inside the `hold` count with it where the engine
        can; without any record, only they are made to stay.

        Raises:
            WrongLast: The log does not end at `expect_last`.
            KnownRequest: A record carries a request id that the log
                holds already; nothing was added.
            CommitUnknown: It failed in a way that leaves the outcome open;
                names no request, as there may be many.
            StoreFull: No space; nothing was added.
        """

    def read(
        self, *, after: Rev, until: Rev | None = None, root: str | None = None
    ) -> Iterator[tuple[Rev, bytes]]:
        """Records in order; with `root` an engine may leave out those that did not touch it.

        What is missing is not noticed here, see `tega.log.records`.
        """

    def adopt(self, records: Sequence[Record], horizon: Rev, state: tuple[str, bytes] | None) -> None:
        """Fill an empty log with what another one kept, all or nothing.

        Args:
            records: What it kept.
            horizon: Its horizon.
            state: Name and contents of the blob that stands for what it forgot.

        Raises:
            WrongLast: The log is not empty.
            KnownRequest: Two records carry one request id.
        """

    def find_request(self, request_id: str) -> Rev | None:
        """Revision of the record that carries the id; None only where none that is kept does."""

    def version_rev(self, root: str, version: Rev) -> Rev | None:
        """Revision at which the root reached that version of its own, if it is kept."""

    def touched_last(self, root: str, until: Rev) -> Rev | None:
        """Newest revision up to `until` whose record touched the root, if it is kept."""

    def touched_next(self, root: str, after: Rev) -> Rev | None:
        """Oldest revision after `after` whose record touched the root."""

    def put_blob(self, name: str, data: bytes) -> None: ...
    def get_blob(self, name: str) -> bytes | None: ...
    def blobs(self) -> list[str]:
        """Names, sorted."""

    def drop_blob(self, name: str) -> None: ...
    def truncate(self, before: Rev, state: str) -> bool:
        """Forget the records with a smaller revision.

        Args:
            before: The oldest that stays; there has to be one.
            state: The blob that stands for what is forgotten.

        Returns:
            False if one of them is not there; nothing is forgotten then.
        """

    def squeeze(self, before: Rev, state: str, older: Sequence[str]) -> None:
        """Forget records and older states with the least space that it can take, for a disk that is full.

        Args:
            before: The oldest revision that stays.
            state: The blob that stands for what is forgotten; without these two nothing is done.
            older: Blobs that go.
        """

    def reclaim(self) -> Iterator[None]:
        """Give the space of what was forgotten back, as far as the engine can, in short steps.

        Commits may come in between. Given up half-way, the next one goes on.
        """

    def leases(self) -> list[LeaseInfo]: ...
    def lease(self, lease_id: str) -> LeaseInfo | None:
        """One of them, however many there are."""

    def put_lease(self, lease_id: str, ttl: float, owner: str) -> None:
        """Create the lease or keep it alive: it has its whole time again."""

    def keep_lease(self, lease_id: str) -> bool:
        """Give a lease its whole time again; False if there is none."""

    def drop_lease(self, lease_id: str) -> bool: ...
    def wake_fd(self) -> int:
        """A descriptor that turns readable after appends of others (and perhaps own ones); -1 if none."""

    def drain_wake(self) -> None:
        """Make the descriptor unreadable until the next append."""

    def check(self) -> None:
        """Raise DamagedStore if the engine's own structures are broken; reads everything."""

    def close(self) -> None: ...
