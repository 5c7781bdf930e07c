"""What keep reads from the lab's database and writes into it; without the database, keeping goes on.

What fails there is reported. A database that is lost (`nlan.keep.database`) is neither read nor written any
more: what was read last is kept until there is one again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nlan.api.events.reports import Report, Tell
from nlan.api.events.sources import Sources
from nlan.api.upkeep.lab import KeptLab, LabState
from nlan.api.upkeep.pidfile import Pidfile
from nlan.api.upkeep.repairing import Repaired
from nlan.confirmation import uptime
from nlan.keep.database import LabDatabase
from nlan.keep.operational import Operational
from nlan.keep.reporting import Failing
from tega.errors import DamagedStore, StoreError

GRACE_S = 0.3
"""An unconfirmed change is its own command's to undo; keep does it so much later."""
DESIRED = ("lab", "applied", "confirm")
"""Roots, besides those of nodes, whose change concerns what shall be."""


class Records:
    """The lab's database as keep uses it.

    Attributes:
        desired: What shall be, as it was read last.
        operational: What is written of how things are.
        deadline: When an unconfirmed change is to be undone, in seconds since the boot.
        is_over: Whether the lab was taken down.
    """

    def __init__(
        self, lab: KeptLab, database: LabDatabase, pidfile: Pidfile, sources: Sources, tell: Tell
    ) -> None:
        """Take the database; nothing is read yet.

        Args:
            lab: Whose it is.
            database: Open, and sound.
            pidfile: What says that this keep is the lab's.
            sources: Follow its commits; let go of what undoing removes.
            tell: Called with everything worth a line.
        """
        self._lab, self._database, self._pidfile = lab, database, pidfile
        self._sources, self._tell = sources, tell
        self.desired, self.deadline, self.is_over = lab.nothing_desired(), float("inf"), False
        self.operational = Operational(lab, self._state.database)
        self._head = self._read_revision = -1
        self._failing = Failing()

    @property
    def _state(self) -> LabState:
        """The open database; to be asked for only where it is not lost."""
        assert self._database.state is not None
        return self._database.state

    @property
    def is_lost(self) -> bool:
        """Whether the database cannot be relied on."""
        return self._database.state is None

    def end(self) -> None:
        """Remove what is written of how things are."""
        self.check()
        self.guarded(self.operational.end)

    # Lost, and found again

    def check(self) -> bool:
        """Notice that the database is no longer what was written; tell whether there is one again."""
        match self._database.look():
            case "lost":
                self._leave()
            case "back":
                self._return()
                return True
        return False

    def _leave(self) -> None:
        """Go on by what was read last."""
        self._sources.follow(None)
        self.operational.leave()
        self.deadline = float("inf")
        lab, revision, why = self._lab.name, self.desired.revision, self._database.why
        text = (
            f"{lab}: its database cannot be relied on any more: {why}. Revision {revision} is "
            "kept as it was read, and nothing is written; `nlan up FILE` sets the database aside and begins "
            "a new one"
        )
        self._tell(Report("database-lost", text, {"why": why, "revision": revision}))

    def _return(self) -> None:
        """Read all anew from a database that stands where the lost one did."""
        self._sources.follow(self._state.database)
        self.operational = Operational(self._lab, self._state.database)
        self._head = self._read_revision = -1
        self._tell(Report("database-back", f"{self._lab.name}: there is a database again", {}))

    def guarded(self, step: Callable[..., object], *arguments: object) -> object:
        """Call what writes or reads the database; keeping goes on where that fails."""
        try:
            return step(*arguments)
        except StoreError as error:
            self._take_error(error)
            return None

    def _take_error(self, error: StoreError) -> None:
        """Tell of it; what turns out to be damaged when it is read is lost as well."""
        if isinstance(error, DamagedStore) and not self.is_lost:
            self._database.lose(error.found)
            self._leave()
        else:
            self._tell(Report("error", f"the lab's database: {error}", {"error": str(error)}))

    # What shall be

    def has_news(self) -> bool:
        """Tell whether a commit of somebody else's may concern what shall be."""
        return not self.is_lost and self.guarded(self._is_new) is not False

    def _is_new(self) -> bool:
        after, self._head = self._head, self._state.database.head()
        if after < 0:
            return True
        return any(
            change.path and (change.path[0] in DESIRED or change.path[0].startswith("config-"))
            for commit in self._state.database.history(after=after)
            for change in commit.changes
        )

    def shall_be(self, changed: Callable[[], None]) -> bool:
        """Tell whether there is a lab to keep; without its database, the one that was read last.

        What nobody confirmed is undone, and what shall be is read if it changed; the lab's lock is held.

        Args:
            changed: Called where everything is to be looked at.
        """
        try:
            return self.is_ours() and self._refresh(changed)
        except StoreError as error:
            self._take_error(error)
            return self._pidfile.is_mine() and self.desired.revision >= 0

    def is_ours(self) -> bool:
        """Tell whether the lab is up still, and this keep's."""
        self.is_over = not (self._pidfile.is_mine() and (self.is_lost or self._state.was_up()))
        return not self.is_over

    def _refresh(self, changed: Callable[[], None]) -> bool:
        if self.is_lost:
            return self.desired.revision >= 0
        self._undo_overdue(changed)
        if not self.is_ours():
            return False
        revision = self._state.head()
        if revision != self._read_revision:
            self._read(revision)
            changed()
        return True

    def _undo_overdue(self, changed: Callable[[], None]) -> None:
        waiting = self._state.confirmation()
        self.deadline = float("inf")  # what comes below may fail
        if waiting is None:
            return
        if waiting.until <= 0 or waiting.left_s + GRACE_S <= 0:
            self._lab.undo(self._state, waiting, self._tell_undone, self._sources.forget)
            changed()
        else:
            self.deadline = uptime() + waiting.left_s + GRACE_S

    def _tell_undone(self, text: str) -> None:
        self._tell(Report("undone", text, {"text": text}))

    def _read(self, revision: int) -> None:
        first = self._read_revision < 0
        self.desired = self._lab.desired(self._state, revision)
        self._read_revision = revision
        if first:
            self.guarded(self.operational.begin, self._sources.namespaces, self.desired)
        lab, count = self.desired.lab.name, self.desired.count
        text = f"{lab}: keeping revision {revision}, {count} namespaces"
        self._tell(Report("keeping", text, {"lab": lab, "revision": revision}))

    # What became of it

    def note(self, repaired: Repaired) -> None:
        """Write down which nodes could not be repaired, which are well again, and what is complete."""
        self._note_nodes(repaired)
        self.guarded(self._note_applied, repaired)

    def _note_nodes(self, repaired: Repaired) -> None:
        failed, well = self._failing.settle(repaired)
        if failed:
            self.guarded(self._note_failed, failed)
        for node in well:
            self.guarded(self._note_well, node)

    def _note_failed(self, failed: Mapping[str, str]) -> None:
        if not self.is_lost:
            self._state.mark_failed(self.desired.revision, failed)

    def _note_well(self, node: str) -> None:
        if not self.is_lost:
            value = {"state": "done", "revision": self.desired.revision}
            self._state.database.put(("status", node), value)

    def _note_applied(self, repaired: Repaired) -> None:
        """A change whose `up` was killed half-way has been completed by a keep."""
        if self.is_lost or repaired.failed or repaired.put_off:
            return
        if self.desired.revision != self._state.applied():
            nodes = [node.name for node in self.desired.lab.nodes]
            self._state.mark_applied(self.desired.revision, nodes)

    def write(self) -> None:
        """Write how things are, as far as that is due; the lab's lock is held."""
        if self.is_ours():
            self.guarded(self.operational.flush, self.desired)

    def forget(self, now: float) -> None:
        """Now and then forget the oldest history, where there is too much of it."""
        outcome = self._database.forget(now)
        if isinstance(outcome, StoreError):
            self._take_error(outcome)
        elif outcome:
            text = f"{self._lab.name}: the oldest {outcome} commits of its database are forgotten"
            self._tell(Report("forgotten", text, {"commits": outcome}))
