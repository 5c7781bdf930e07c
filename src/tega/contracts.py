"""What a store is, whatever keeps it: the contracts that engines and faces meet.

They stand apart from the types, as a program that embeds a store needs
the types alone; `tega.api` gives both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from tega.api import (
        Change,
        Commit,
        Difference,
        Entry,
        Json,
        LeaseInfo,
        Limits,
        Message,
        Path,
        PathLike,
        Record,
        Rev,
    )


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

        What is missing is not noticed here, see `tega.records`.
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


class Txn(Protocol):
    """A transaction: built locally, nothing is sent before commit.

    Commits when the block ends without an exception. Reads see the
    state at `base` and the transaction's own writes; each read of what
    the transaction has not itself written becomes an expectation.
    """

    base: Rev

    async def get(self, path: PathLike) -> Entry | None: ...
    def put(
        self, path: PathLike, value: Json, *, expect: Rev | None = None, lease: str | None = None
    ) -> None: ...
    def merge(self, path: PathLike, value: Mapping[str, Json], *, expect: Rev | None = None) -> None: ...
    def delete(self, path: PathLike, *, expect: Rev | None = None) -> None: ...
    def expect(self, path: PathLike, rev: Rev) -> None:
        """Guard a path that is not written."""

    def cand(self) -> list[Difference]:
        """The candidate's difference to what is committed now."""

    def cancel(self) -> None: ...


class Lease(Protocol):
    """Kept alive by the client while its context is open."""

    id: str
    ttl: float
    lost: Awaitable[None]

    async def revoke(self) -> None: ...


class Store(Protocol):
    """The async face; semantics of each method as in `tega.database.Database`."""

    def limits(self) -> Limits: ...
    async def head(self, *, linearizable: bool = False) -> Rev: ...
    async def get(
        self, path: PathLike, *, at: Rev | None = None, min_rev: Rev = 0, linearizable: bool = False
    ) -> Entry | None: ...
    async def select(
        self, pattern: str, *, regex: bool = False, at: Rev | None = None
    ) -> Sequence[tuple[Entry, tuple[Any, ...]]]: ...
    async def commit(
        self,
        changes: Sequence[Change],
        *,
        expect: Mapping[Path, Rev] | None = None,
        author: str = "",
        message: str = "",
        request_id: str | None = None,
    ) -> Commit: ...
    async def put(
        self,
        path: PathLike,
        value: Json,
        *,
        expect: Rev | None = None,
        lease: str | None = None,
        author: str = "",
        message: str = "",
    ) -> Commit: ...
    async def delete(
        self, path: PathLike, *, expect: Rev | None = None, author: str = "", message: str = ""
    ) -> Commit: ...
    def transaction(
        self, *, at: Rev | None = None, author: str = "", message: str = "", request_id: str | None = None
    ) -> AbstractAsyncContextManager[Txn]: ...
    def history(
        self, path: PathLike = (), *, after: Rev | None = None, until: Rev | None = None
    ) -> AsyncIterator[Commit]: ...
    async def diff(self, before: Rev, after: Rev | None = None, path: PathLike = ()) -> list[Difference]: ...
    async def rollback(
        self, root: str | None, to: Rev, *, expect: Rev | None = None, author: str = "", message: str = ""
    ) -> Commit: ...
    def watch(
        self, pattern: str = "**", *, after: Rev, regex: bool = False, queue: int = 1024
    ) -> AsyncIterator[Commit | Rev]:
        """Every commit after a revision that touches the pattern, whole, in order, each once.

        A bare revision is a bookmark: nothing of interest up to there.

        Raises:
            Compacted: The history after `after` is no longer whole.
            SlowConsumer: More than `queue` commits wait; resume after `last`.
        """

    def lease(self, ttl: float, *, owner: str = "") -> AbstractAsyncContextManager[Lease]: ...
    def export(self, *, at: Rev | None = None, history: bool = False) -> AsyncIterator[bytes]: ...
    async def import_(
        self,
        lines: AsyncIterator[bytes],
        *,
        mode: Literal["replace", "merge", "history"],
        expect: Rev | None = None,
        author: str = "",
        message: str = "",
        dry_run: bool = False,
    ) -> Commit: ...
    async def snapshot(self) -> Rev: ...
    async def compact(self, before: Rev) -> None: ...
    async def verify(self) -> bytes: ...
    async def close(self) -> None: ...


Handler: TypeAlias = "Callable[..., Awaitable[Json]]"
"""A function attached to a path."""


class Subscription(Protocol):
    """Messages of the channels that a pattern names."""

    dropped: int
    """Messages that this subscriber was too slow for."""

    def __aiter__(self) -> AsyncIterator[Message]: ...
    async def close(self) -> None: ...


class Registration(Protocol):
    """A function that is attached; it shows in the tree as an ephemeral node while it is."""

    path: Path

    async def close(self) -> None: ...


class Bus(Protocol):
    """Messages, calls and presence: best effort; what must not be lost goes through the store."""

    session: str

    async def publish(self, channel: str, body: Json) -> None:
        """At most once; ordered per publisher and channel."""

    async def subscribe(self, pattern: str, *, queue: int = 1024) -> Subscription: ...
    async def register(
        self, path: Path, handler: Handler, *, schema: Mapping[str, Any] | None = None
    ) -> Registration:
        """One owner per path.

        Raises:
            Conflict: Somebody else owns the path.
        """
        ...

    async def call(
        self,
        path: Path,
        *args: Json,
        timeout: float = 5.0,  # noqa: ASYNC109 - the deadline travels with the call
        call_id: str | None = None,
        **kwargs: Json,
    ) -> Json:
        """At most once; handlers get `call_id`, so that a retry can be told from a new call."""

    def presence(self, prefix: Path = ()) -> AsyncIterator[tuple[Literal["up", "down"], str]]: ...
