"""The repair loop: waits for events, looks, repairs, writes down how things are.

One thread, one place to wait. While another nlan works on the lab (it holds the lock), the loop only
listens for its end; then it looks at everything once.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack

from nlan.api.environment.context import Context
from nlan.api.events.reports import Report, Tell
from nlan.api.events.sources import (
    Appeared,
    Committed,
    Ended,
    LabEvent,
    Logged,
    Sources,
    Started,
    Touched,
    Vanished,
)
from nlan.api.runs.lifecycle import undo_unconfirmed
from nlan.api.upkeep.desired import Desired
from nlan.api.upkeep.pidfile import Pidfile
from nlan.confirmation import uptime
from nlan.errors import NlanError
from nlan.keep.backoff import Backoff
from nlan.keep.database import LabDatabase
from nlan.keep.locking import PatientLock
from nlan.keep.operational import Operational
from nlan.keep.repair import Outcome, repair
from nlan.keep.reporting import Failing, ForeignReports, Undoing, repairs
from nlan.keep.vigil import STILL_S, Vigil
from nlan.keep.work_queue import WorkQueue
from nlan.model import Lab
from nlan.netlink.events import Event
from nlan.resources import NAMESPACE
from nlan.state import LabState
from tega.errors import DamagedStore, StoreError

TICK_S = 1.0
"""How often switches without events are looked at."""
GRACE_S = 0.3
"""An unconfirmed change is its own command's to undo; keep does it so much later."""
FULL_EVERY_S = 60.0
"""After so long everything is looked at, whatever the events said."""
FULL_SHARE = 400
"""And at most one part in so many of the time is spent on that."""
TAKEN_DOWN = "the lab was taken down"
"""Why a keep ends together with its lab."""


class Keeper:
    """Keeps one running lab until it is taken down or `stop` is called."""

    def __init__(self, context: Context, database: LabDatabase, pidfile: Pidfile, tell: Tell) -> None:
        """Take a lab that is up.

        Args:
            context: The lab's.
            database: Its database; closed at the end, as far as it is sound.
            pidfile: What says that this keep is the lab's.
            tell: Told of everything worth a line.
        """
        self._context, self._database, self._pidfile, self._tell = context, database, pidfile, tell
        self._desired = Desired(Lab(name=context.place.lab), -1, {})
        self._queue, self._backoff, self._vigil = WorkQueue(), Backoff(), Vigil(context)
        self._foreign = ForeignReports()
        self._lock = PatientLock(context.place)
        self._head = self._read_revision = -1
        self._deadline = float("inf")
        self._tick_at = 0.0
        self._full_at = float("inf")
        self._failing = Failing()
        self._unwatched = False
        self._watched_revision = -1
        self._ended = ""
        self._stop = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def stop(self) -> None:
        """End `run`; may be called by a signal's handler."""
        self._ended = "stopped"
        os.eventfd_write(self._stop, 1)

    def run(self) -> None:
        """Stay and keep.

        Raises:
            HostError: The lock cannot be had at all.
        """
        with ExitStack() as stack:
            stack.callback(self._database.close)
            stack.callback(os.close, self._stop)
            stack.callback(self._lock.close)
            database = self._state.database
            context, kinds = self._context, self._context.kinds.values()
            sources = Sources(context.place, context.engines, database, kinds=kinds)
            self._sources = stack.enter_context(sources)
            self._sources.include(self._lock.fileno())
            self._sources.include(self._stop)
            self._operational = Operational(self._context, database, time.monotonic)
            stack.callback(self._end_operational)
            self._queue.all(time.monotonic())
            while not self._ended:
                self._turn()
            self._tell(Report("ended", f"{self._context.place.lab}: {self._ended}", {"reason": self._ended}))

    def _turn(self) -> None:
        now = time.monotonic()
        events = self._sources.wait(min(self._next(now) - now, 3600.0))
        self._look_at_database()
        for event in events:
            self._take(event, time.monotonic())
        now = time.monotonic()
        if self._lock.waiting:
            if self._lock.arrived():
                self._sources.resume_kernel()
                self._queue.all(now)
                self._work()
        elif now >= self._queue.due or self._deadline <= uptime():
            if self._lock.acquire():
                self._work()
            else:
                self._sources.pause_kernel()
        if not self._lock.waiting and not self._ended:
            self._routine(time.monotonic())

    def _next(self, now: float) -> float:
        """Return when something is due by itself."""
        if self._lock.waiting:
            return float("inf")
        confirm = now + max(0.0, self._deadline - uptime())
        due = (self._queue.due, confirm, self._tick_at, self._full_at, self._operational.due)
        return min(*due, self._backoff.next)

    def _take(self, event: LabEvent, now: float) -> None:
        """Let an event mark what it concerns."""
        self._queue.take(event, self._desired, now)
        match event:
            case Event(namespace, "neighbor", gone=True) if self._foreign.has_neighbors(namespace):
                self._queue.mark([namespace], now)  # the event does not say that it was written down
            case Event(namespace, what):
                if what != "switch":
                    self._operational.stale([namespace])
            case Ended(namespace, daemon):
                self._operational.stale([namespace], sessions=True)
                self._tell(Report("daemon-ended", f"{namespace}: {daemon} ended", event._asdict()))
            case Logged(namespace, _, entry):
                if entry.kind != "configured":
                    self._operational.stale([namespace], sessions=True)
            case Started():
                self._unwatched = True
            case Vanished(namespace):
                self._operational.stale([namespace])
            case Committed():
                if not self._is_lost and self._guarded(self._is_new) is not False:
                    self._queue.mark((), now)
            case Touched() | Appeared():
                pass

    # The database

    @property
    def _state(self) -> LabState:
        """The lab's database; to be asked for only where it is not lost."""
        assert self._database.state is not None
        return self._database.state

    @property
    def _is_lost(self) -> bool:
        return self._database.state is None

    def _look_at_database(self) -> None:
        """Notice that the database is no longer what was written, and that there is one again."""
        match self._database.look():
            case "lost":
                self._leave_database()
            case "back":
                self._return_to_database()

    def _leave_database(self) -> None:
        """Go on by what was read last."""
        self._sources.follow(None)
        self._operational.leave()
        self._deadline = float("inf")
        lab, revision = self._context.place.lab, self._desired.revision
        text = (
            f"{lab}: its database cannot be relied on any more: {self._database.why}. Revision {revision} is "
            "kept as it was read, and nothing is written; `nlan up FILE` sets the database aside and begins "
            "a new one"
        )
        self._tell(Report("database-lost", text, {"why": self._database.why, "revision": revision}))

    def _return_to_database(self) -> None:
        """Read all anew from a database that stands where the lost one did."""
        database = self._state.database
        self._sources.follow(database)
        self._operational = Operational(self._context, database, time.monotonic)
        self._head, self._read_revision = -1, -1
        self._queue.all(time.monotonic())
        self._tell(Report("database-back", f"{self._context.place.lab}: there is a database again", {}))

    def _end_operational(self) -> None:
        self._look_at_database()
        self._guarded(self._operational.end)

    def _is_new(self) -> bool:
        """Tell whether somebody else's commit concerns what shall be."""
        after, self._head = self._head, self._state.database.head()
        if after < 0:
            return True
        concerns = ("lab", "applied", "confirm")
        return any(
            change.path and (change.path[0] in concerns or change.path[0].startswith("config-"))
            for commit in self._state.database.history(after=after)
            for change in commit.changes
        )

    # With the lock held

    def _work(self) -> None:
        """Look and repair, then let go of the lock; what fails as a whole is tried again after a while."""
        queue, self._queue = self._queue, WorkQueue()
        try:
            if self._shall_be(queue):
                self._repair(queue)
        except NlanError as error:
            wait = self._backoff.note("look", time.monotonic(), failed=True)
            text = f"{error}; tried again in {wait:g} s"
            self._tell(Report("error", text, {"error": str(error), "retry_s": wait}))
        finally:
            self._lock.release()

    def _shall_be(self, queue: WorkQueue) -> bool:
        """Tell whether there is a lab to keep; without its database, the one that was read last."""
        try:
            return self._is_ours() and self._refresh(queue)
        except StoreError as error:
            self._take_error(error)
            return self._pidfile.is_mine() and self._desired.revision >= 0

    def _is_ours(self) -> bool:
        if self._pidfile.is_mine() and (self._is_lost or self._state.was_up()):
            return True
        self._ended = TAKEN_DOWN
        return False

    def _refresh(self, queue: WorkQueue) -> bool:
        """Undo what nobody confirmed, and read what shall be if it changed; False where nothing shall be."""
        if self._is_lost:
            return self._desired.revision >= 0
        waiting = self._state.confirmation()
        self._deadline = float("inf")  # what comes below may fail
        if waiting is not None and (waiting.until <= 0 or waiting.left_s + GRACE_S <= 0):
            undo_unconfirmed(self._context, self._state, waiting, Undoing(self._tell, self._sources))
            waiting = None
            queue.all(time.monotonic())
        if waiting is not None:
            self._deadline = uptime() + waiting.left_s + GRACE_S
        if not self._is_ours():
            return False
        revision = self._state.head()
        if revision != self._read_revision:
            self._read(revision)
            queue.all(time.monotonic())
        return True

    def _read(self, revision: int) -> None:
        lab = self._state.lab(revision)
        if lab is None:
            raise NlanError(f"{self._context.place.lab}: revision {revision} describes no lab")
        first = self._read_revision < 0
        self._desired, self._read_revision = Desired(lab, revision, self._context.expand(lab)), revision
        if first:
            self._guarded(lambda: self._operational.begin(self._sources.namespaces, self._desired))
        count = sum(key.kind == NAMESPACE for key in self._desired.resources)
        text = f"{lab.name}: keeping revision {revision}, {count} namespaces"
        self._tell(Report("keeping", text, {"lab": lab.name, "revision": revision}))

    def _repair(self, queue: WorkQueue) -> None:
        begun = time.monotonic()
        outcome = repair(self._context, self._desired, queue, self._backoff, self._vigil, time.monotonic)
        now = time.monotonic()
        if queue.whole or queue.daemons:
            self._vigil.settle(outcome.seen, outcome.silent)
        for report in self._foreign.reports(outcome, self._desired.resources):
            self._tell(report)
        ms = round((now - (begun if queue.since is None else queue.since)) * 1000, 1)
        self._operational.note_repairs([f"{o}: {o.reason}" for o in outcome.done], ms)
        for report in repairs(outcome, ms):
            self._tell(report)
        if queue.whole:
            self._full_at = now + max(FULL_EVERY_S, FULL_SHARE * (now - begun))
            self._watch_all()
            self._operational.stale(outcome.seen)
            self._operational.stale((n for n in outcome.seen if n in self._desired.speakers), sessions=True)
        elif outcome.daemons:
            self._sources.sync_daemons()
            self._operational.stale((o.key.namespace for o in outcome.done), sessions=True)
        self._settle_status(outcome)
        self._guarded(self._mark_applied, outcome)

    def _watch_all(self) -> None:
        """Watch all that is there by now, after everything may have changed."""
        before, revision = self._sources.namespaces, self._watched_revision
        self._sources.sync()
        if self._sources.namespaces != before or revision != self._desired.revision:
            self._sources.sysctls.want(self._desired.unreported, self._sources.namespaces)
            self._watched_revision = self._desired.revision

    def _mark_applied(self, outcome: Outcome) -> None:
        """A change whose `up` was killed half-way has been completed here."""
        if self._is_lost:
            return
        if not outcome.failed and not outcome.put_off and self._desired.revision != self._state.applied():
            nodes = [node.name for node in self._desired.lab.nodes]
            self._state.mark_applied(self._desired.revision, nodes)

    def _settle_status(self, outcome: Outcome) -> None:
        """Write down which nodes could not be repaired, and which are well again."""
        if self._is_lost:
            return
        revision = self._desired.revision
        failed, well = self._failing.settle(outcome)
        if failed:
            self._guarded(self._state.mark_failed, revision, failed)
        for node in well:
            value = {"state": "done", "revision": revision}
            self._guarded(self._state.database.put, ("status", node), value)

    # Without it

    def _routine(self, now: float) -> None:
        """Do what is due by the clock, and watch daemons that came."""
        if self._unwatched:
            self._unwatched = False
            self._sources.sync_daemons()
        if now >= self._tick_at:
            self._tick_at = now + TICK_S
            drifted = self._sources.sysctls.drifted()
            drifted |= self._vigil.polled_drifted(self._sources.namespaces, self._desired)
            found = self._vigil.look(self._sources.namespaces, self._desired, now)
            for namespace, daemon in found.still:
                text = f"{namespace}: {daemon} does not answer; it is started again in {STILL_S:.0f} s"
                fields = {"node": namespace, "daemon": daemon, "restart_s": STILL_S}
                self._tell(Report("daemon-silent", text, fields))
            if drifted or found.kernel:
                self._queue.mark(drifted | found.kernel, now)
            if found.daemons:
                self._queue.mark(found.daemons, now, daemons=True)
        self._forget(now)
        if now >= self._full_at:
            self._full_at = float("inf")
            self._queue.all(now)
        if self._backoff.is_over(now):
            self._queue.all(now)
            self._backoff.tidy(now)
        if now >= self._operational.due:
            self._write_down()

    def _forget(self, now: float) -> None:
        outcome = self._database.forget(now)
        if isinstance(outcome, StoreError):
            self._take_error(outcome)
        elif outcome:
            text = f"{self._context.place.lab}: the oldest {outcome} commits of its database are forgotten"
            self._tell(Report("forgotten", text, {"commits": outcome}))

    def _write_down(self) -> None:
        """Write how things are; asking daemons makes files, so nobody may be removing the lab meanwhile."""
        if not self._lock.acquire():
            self._sources.pause_kernel()
            return
        try:
            if self._is_ours():
                self._guarded(self._operational.flush, self._desired)
        finally:
            self._lock.release()

    def _guarded(self, step: object, *arguments: object) -> object:
        """Call what writes or reads the database; keeping goes on where that fails."""
        assert callable(step)
        try:
            result: object = step(*arguments)
        except StoreError as error:
            self._take_error(error)
            return None
        return result

    def _take_error(self, error: StoreError) -> None:
        """Tell of it; what turns out to be damaged when it is read is lost as well."""
        if isinstance(error, DamagedStore) and not self._is_lost:
            self._database.lose(error.found)
            self._leave_database()
        else:
            self._tell(Report("error", f"the lab's database: {error}", {"error": str(error)}))
