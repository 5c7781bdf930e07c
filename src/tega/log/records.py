"""Reading the log so that a gap in it is never taken for the truth.

A record's checksum says that it is whole, not that none is missing. What
is read of the past is therefore a chain: each revision follows the one
before, each record names the hash of its predecessor, and each root
counts its versions without a gap. Where that does not hold, either
another process has forgotten the beginning meanwhile (`Compacted`) or
the log is damaged (`DamagedStore`, with what is missing).
"""

from __future__ import annotations

import re

from tega.errors import Compacted, DamagedStore
from tega.log.codec import HASH_SIZE, decode_commit
from tega.log.stored import decode_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

    from tega.api import Commit, Rev
    from tega.log.base import Log


_STATE = re.compile(r"state-([0-9a-f]{16})")


def state_name(rev: Rev) -> str:
    """Return the name under which the state at a revision is kept."""
    return f"state-{rev:016x}"


def state_rev(name: str) -> Rev | None:
    """Return the revision whose state has the name; None for a name of anything else."""
    found = _STATE.fullmatch(name)
    return int(found[1], 16) if found is not None else None


class Records:
    """The records of a log.

    Args:
        log: The engine.

    Attributes:
        bytes_read: How much was read so far.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        self.bytes_read = 0

    def plain(
        self, after: Rev, until: Rev | None = None, root: str | None = None
    ) -> Iterator[tuple[Commit, bytes]]:
        """Yield commits and their records as the log has them, each checked by itself alone."""
        for rev, data in self.log.read(after=after, until=until, root=root):
            self.bytes_read += len(data)
            try:
                yield decode_commit(data, rev), data
            except DamagedStore as error:
                raise self.damaged(error.found) from None

    def find(self, rev: Rev) -> Commit | None:
        """Return one commit; None where there is none."""
        return next((commit for commit, _ in self.plain(rev - 1, rev)), None)

    def get(self, rev: Rev) -> Commit:
        """Return one commit that has to be there."""
        found = self.find(rev)
        if found is None:
            self._fail_gap(rev, rev)
        return found

    def hash_of(self, rev: Rev) -> bytes | None:
        """Return the hash of one record, None where there is none."""
        return next((data[:HASH_SIZE] for _, data in self.log.read(after=rev - 1, until=rev)), None)

    def whole(self, after: Rev, until: Rev, end: bytes | None = None) -> Iterator[tuple[Commit, bytes]]:
        """Yield every commit after a revision up to another one, with its record.

        Args:
            after: Revision before the first.
            until: Revision of the last, which has to exist.
            end: Hash of that one, where it is known.

        Raises:
            Compacted: Another process forgets what was not read yet.
            DamagedStore: One is missing, or is not the one that follows.
        """
        if after >= until:
            return
        anchored = after > self.log.horizon()
        previous: bytes | None = None
        expected = after + 1
        for commit, data in self.plain(after - 1 if anchored else after, until + 1):
            if commit.rev == after:
                previous = commit.hash
                continue
            if anchored and previous is None and self.log.horizon() < after:
                self._fail_gap(after, commit.rev - 1)
            if commit.rev != expected:
                self._fail_gap(expected, commit.rev - 1)
            if previous is not None and commit.prev_hash != previous:
                before = expected - 1
                raise self.damaged(f"revision {expected} does not follow the revision {before} that is here")
            previous = commit.hash
            expected += 1
            if commit.rev <= until:
                yield commit, data
        if expected <= until:
            self._fail_gap(expected, until)
        if end is not None and expected == until + 1 and previous != end:
            raise self.damaged(f"revision {until} is not the one that was committed")

    def of_root(self, root: str, after: Rev, until: Rev, newest: Rev) -> Iterator[Commit]:
        """Yield the commits that touched a root after a revision up to another one.

        Args:
            root: Its name.
            after: Revision before the first.
            until: The last revision of interest.
            newest: A version that the root has reached, at `until` or later.

        Raises:
            Compacted: Another process forgets what was not read yet.
            DamagedStore: One is missing.
        """
        version = self.version_at(root, after)
        position = after
        for commit, _ in self.plain(after, until, root):
            if commit.roots.get(root) != version + 1:
                self._fail_root(root, version + 1, position)
            version, position = version + 1, commit.rev
            yield commit
        if version < newest:
            following = self.log.touched_next(root, max(until, position))
            if following is None or self.get(following).roots.get(root) != version + 1:
                self._fail_root(root, version + 1, position)
        elif version > newest:
            raise self.damaged(f"root {root} has more versions than were committed")

    def version_at(self, root: str, rev: Rev) -> Rev:
        """Return the version that a root had at a revision; 0 before it was written first."""
        horizon = self.log.horizon()
        touched = self.log.touched_last(root, rev)
        if touched is not None and touched > horizon:
            version = self.get(touched).roots.get(root)
            if version is None:
                raise self.damaged(f"the index of roots is wrong about revision {touched} and root {root}")
            return version
        return self.forgotten_versions(horizon).get(root, 0)

    def version_rev(self, root: str, version: Rev) -> Rev:
        """Return the revision at which a root reached a version that it has reached.

        Raises:
            Compacted: That is no longer known.
            DamagedStore: It should be known.
        """
        rev = self.log.version_rev(root, version)
        horizon = self.log.horizon()
        if rev is None or rev <= horizon:
            if version <= self.forgotten_versions(horizon).get(root, 0):
                raise Compacted(horizon)
            self._fail_root(root, version, horizon)
        if self.get(rev).roots.get(root) != version:
            raise self.damaged(
                f"the index of roots is wrong about revision {rev}, version {version} of {root}"
            )
        return rev

    def forgotten_versions(self, horizon: Rev) -> dict[str, Rev]:
        """Return the versions that the roots had at the horizon."""
        return self.forgotten(horizon)[1] if horizon else {}

    def forgotten(self, horizon: Rev) -> tuple[bytes, dict[str, Rev]]:
        """Return the state that stands at the horizon as it was stored, and the versions in it."""
        data = self.log.get_blob(state_name(horizon))
        if data is None:
            if self.log.horizon() > horizon:
                raise Compacted(self.log.horizon())
            raise self.damaged(f"the log begins at revision {horizon + 1} and no state leads there")
        try:
            stored = decode_state(data, state_name(horizon))
        except DamagedStore as error:
            raise self.damaged(error.found) from None
        if stored.rev != horizon:
            raise self.damaged(f"as {state_name(horizon)} stands the state of revision {stored.rev}")
        return data, stored.versions

    def damaged(self, found: str) -> DamagedStore:
        """Return the error that says what is wrong, with the place."""
        return DamagedStore(self.log.directory, found)

    def _fail_gap(self, first: Rev, last: Rev) -> NoReturn:
        horizon = self.log.horizon()
        if horizon >= first:
            raise Compacted(horizon)
        which = f"revision {first} is" if first == last else f"revisions {first} to {last} are"
        raise self.damaged(f"{which} missing in the log")

    def _fail_root(self, root: str, version: Rev, after: Rev) -> NoReturn:
        horizon = self.log.horizon()
        if horizon > after:
            raise Compacted(horizon)
        raise self.damaged(f"version {version} of root {root} is missing in the log or its index of roots")
