# ruff: noqa: N818 - the names say what happened and stand in the interface as they are
"""Every exception that tega raises, sorted by who has to act.

Each message is a sentence for people; what programs need stands in
attributes. ``transient`` says whether the same call may succeed later
without anybody changing it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own costs an import of typing
if TYPE_CHECKING:
    from tega.api import Path, Rev


class StoreError(Exception):
    """Base of all; catch this one to catch every failure of a store."""

    transient = False


class InvalidPath(StoreError, ValueError):
    """The text or tuple is not a path, or goes beyond the limits of one."""


class InvalidPattern(StoreError, ValueError):
    """The glob or regular expression cannot be read."""


class InvalidValue(StoreError, ValueError):
    """The value has no JSON form (a NaN, a set, a key that is no text), or nests too deep."""


class Conflict(StoreError):
    """An expectation did not hold; nothing was written.

    Args:
        path: Where the expectation stood.
        expected: Revision that the writer had read; 0 for "nothing is there".
        actual: Revision that stands there; 0 for "nothing is there".
        rev: Commit that came in between; 0 where the log no longer holds it.
        author: Who made that commit.
        message: Its message.
    """

    def __init__(
        self, path: Path, expected: Rev, actual: Rev, *, rev: Rev = 0, author: str = "", message: str = ""
    ) -> None:
        self.path = path
        self.expected = expected
        self.actual = actual
        self.rev = rev
        self.author = author
        self.message = message
        super().__init__(path, expected, actual)

    def __str__(self) -> str:
        from tega.paths import format_path

        where = format_path(self.path) or "the whole tree"
        was = f"at revision {self.expected}" if self.expected else "absent"
        now = f"at revision {self.actual}" if self.actual else "gone"
        text = f"{where}: was read {was}, is now {now}"
        if self.rev:
            text += f"; changed in revision {self.rev} by {self.author or 'somebody without a name'}"
        if self.message:
            text += f" ({self.message})"
        return text + "; read again and retry"


class CommitUnknown(StoreError):
    """The acknowledgement was lost.

    Retry with the same ``request_id``, which is idempotent; without one
    only the history shows whether it was committed.
    """

    transient = True

    def __init__(self, request_id: str, reason: str = "") -> None:
        self.request_id = request_id
        self.reason = reason
        super().__init__(request_id, reason)

    def __str__(self) -> str:
        why = f" ({self.reason})" if self.reason else ""
        if not self.request_id:
            return f"whether this was committed is unknown{why}; look into the history before trying again"
        return f"whether request {self.request_id} was committed is unknown{why}; retry it with the same id"


class RequestReused(StoreError):
    """A ``request_id`` came again with other changes than the commit that holds it."""


class Compacted(StoreError):
    """History before ``oldest`` is gone: read the present state, then watch from its revision."""

    def __init__(self, oldest: Rev) -> None:
        self.oldest = oldest
        super().__init__(oldest)

    def __str__(self) -> str:
        return (
            f"the history before revision {self.oldest} was compacted; the oldest state kept is {self.oldest}"
        )


class FutureRevision(StoreError):
    """A revision was asked for that does not exist yet."""

    def __init__(self, rev: Rev, head: Rev) -> None:
        self.rev = rev
        self.head = head
        super().__init__(rev, head)

    def __str__(self) -> str:
        return f"revision {self.rev} does not exist; the newest is {self.head}"


class NoVersion(FutureRevision):
    """A version of a root was asked for that the root has not.

    Args:
        root: Its name.
        version: As it was asked for; negative ones count back from the newest.
        newest: The root's newest version, 0 where it was never written.
    """

    def __init__(self, root: str, version: int, newest: Rev) -> None:
        super().__init__(version, newest)
        self.root = root

    def __str__(self) -> str:
        if not self.head:
            return f"root {self.root} was never written; it has no versions"
        least = 1 - self.head
        back = f", or {least} to -1 counted back from there" if self.head > 1 else ""
        return f"root {self.root} has no version {self.rev}; it has 1 to {self.head}{back}"


class TooLarge(StoreError):
    """Over ``limits().commit_bytes`` or ``.commit_changes``; nothing was written."""


class LeaseLost(StoreError):
    """The lease ran out or was revoked; its nodes are gone or about to go."""


class SlowConsumer(StoreError):
    """The watcher's queue overflowed; resume with ``watch(after=last)``, nothing is lost."""

    transient = True

    def __init__(self, last: Rev) -> None:
        self.last = last
        super().__init__(last)

    def __str__(self) -> str:
        return f"the watcher fell behind; resume after revision {self.last}"


class StoreClosed(StoreError):
    """The store was closed; open it again."""


class StoreBusy(StoreError):
    """Another process kept the database locked longer than the time allowed."""

    transient = True


class StoreFull(StoreError):
    """The disk or quota is full; nothing was written, what was acknowledged stays."""

    transient = True


class ReadOnly(StoreError):
    """The directory or file system cannot be written; nothing was changed."""


class StoreIOError(StoreError):
    """The operating system failed a read or write of the database."""


class DamagedStore(StoreError):
    """The files are not what was written.

    Args:
        directory: Directory of the database; empty for a store without one.
        found: What is wrong, in a few words.
    """

    def __init__(self, directory: str, found: str) -> None:
        self.directory = directory
        self.found = found
        super().__init__(directory, found)

    def __str__(self) -> str:
        where = f"{self.directory}: " if self.directory else ""
        return (
            f"{where}the database is damaged: {self.found}. Nothing was changed. "
            "tega.salvage() reads the last good state, tega.set_aside() moves the files out of the way"
        )


class NewerFormat(StoreError):
    """The files were written by a newer version; nothing is wrong with them."""


class WrongLast(StoreError):
    """An engine was given a record that does not follow its last one (for engines and their tests)."""

    def __init__(self, actual: Rev) -> None:
        self.actual = actual
        super().__init__(actual)

    def __str__(self) -> str:
        return f"the log ends at revision {self.actual}"


class KnownRequest(StoreError):
    """An engine was given a record with the request id of one it keeps (for engines and their tests)."""


class ImportRefused(StoreError):
    """The lines are not an export, or not a whole one; nothing was written."""


class NoHandler(StoreError):
    """A call found no live registration; nothing ran."""


class CallTimeout(StoreError):
    """A call was not answered in time, or its owner vanished; whether the function ran is unknown."""


class RemoteError(StoreError):
    """The function that was called raised; the message is its own."""
