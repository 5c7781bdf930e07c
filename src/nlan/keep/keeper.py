"""The repair loop: waits for events, looks, repairs, writes down how things are.

One thread, one place to wait. While another nlan works on the lab (it holds the lock), the loop only
listens for its end; then it looks at everything once.
"""

from __future__ import annotations

import os
from contextlib import ExitStack

from nlan.api.events.reports import Report, Tell
from nlan.api.events.sources import Committed, Ended, Event, LabEvent, Logged, Sources, Started, Vanished
from nlan.api.upkeep.lab import KeptLab
from nlan.api.upkeep.pidfile import Pidfile
from nlan.confirmation import uptime
from nlan.errors import NlanError
from nlan.keep.backoff import Backoff
from nlan.keep.database import LabDatabase
from nlan.keep.locking import PatientLock
from nlan.keep.records import Records
from nlan.keep.repair import repair
from nlan.keep.reporting import ForeignReports, repairs
from nlan.keep.vigil import STILL_S, Vigil
from nlan.keep.work_queue import WorkQueue

TICK_S = 1.0
"""How often switches without events are looked at."""
FULL_EVERY_S = 60.0
"""After so long everything is looked at, whatever the events reported."""
FULL_SHARE = 400
"""And at most one part in so many of the time is spent on that."""
TAKEN_DOWN = "the lab was taken down"
"""Why a keep ends together with its lab."""


class Keeper:
    """Keeps one running lab until it is taken down or `stop` is called."""

    _sources: Sources
    _records: Records

    def __init__(self, lab: KeptLab, database: LabDatabase, pidfile: Pidfile, tell: Tell) -> None:
        """Take a lab that is up.

        Args:
            lab: The lab.
            database: Its database; closed at the end, as far as it is sound.
            pidfile: What says that this keep is the lab's.
            tell: Called with everything worth a line.
        """
        self._lab, self._database, self._pidfile, self._tell = lab, database, pidfile, tell
        self._clock = lab.clock
        self._queue, self._backoff, self._vigil = WorkQueue(), Backoff(), Vigil(lab)
        self._foreign = ForeignReports()
        self._lock = PatientLock(lab)
        self._tick_at = 0.0
        self._full_at = float("inf")
        self._unwatched = False
        self._watched_revision = -1
        self._is_stopped = False
        self._stop = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def stop(self) -> None:
        """End `run`; may be called by a signal's handler, and from another thread."""
        self._is_stopped = True
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
            assert self._database.state is not None
            self._sources = stack.enter_context(self._lab.sources(self._database.state.database))
            self._sources.include(self._lock.fileno())
            self._sources.include(self._stop)
            self._records = Records(self._lab, self._database, self._pidfile, self._sources, self._tell)
            stack.callback(self._records.end)
            self._queue.all(self._clock())
            while not self._is_over:
                self._turn()
            why = "stopped" if self._is_stopped else TAKEN_DOWN
            self._tell(Report("ended", f"{self._lab.name}: {why}", {"reason": why}))

    @property
    def _is_over(self) -> bool:
        return self._is_stopped or self._records.is_over

    def _turn(self) -> None:
        now = self._clock()
        events = self._sources.wait(min(self._next(now) - now, 3600.0))
        if self._records.check():
            self._queue.all(self._clock())
        for event in events:
            self._take(event, self._clock())
        now = self._clock()
        if self._lock.waiting:
            if self._lock.arrived():
                self._sources.resume_kernel()
                self._queue.all(now)
                self._work()
        elif now >= self._queue.due or self._records.deadline <= uptime():
            if self._lock.acquire():
                self._work()
            else:
                self._sources.pause_kernel()
        if not self._lock.waiting and not self._is_over:
            self._routine(self._clock())

    def _next(self, now: float) -> float:
        """Return when something is due by itself."""
        if self._lock.waiting:
            return float("inf")
        confirm = now + max(0.0, self._records.deadline - uptime())
        due = (self._queue.due, confirm, self._tick_at, self._full_at, self._records.operational.due)
        return min(*due, self._backoff.next)

    def _take(self, event: LabEvent, now: float) -> None:
        """Let an event mark what it concerns."""
        self._queue.take(event, self._records.desired, now)
        stale = self._records.operational.stale
        match event:
            case Event(namespace, "neighbor", gone=True) if self._foreign.has_neighbors(namespace):
                self._queue.mark([namespace], now)  # the event does not say that it was written down
            case Event(namespace, what):
                if what != "switch":
                    stale([namespace])
            case Ended(namespace, daemon):
                stale([namespace], sessions=True)
                self._tell(Report("daemon-ended", f"{namespace}: {daemon} ended", event._asdict()))
            case Logged(namespace, _, entry):
                if entry.kind != "configured":
                    stale([namespace], sessions=True)
            case Started():
                self._unwatched = True
            case Vanished(namespace):
                stale([namespace])
            case Committed() if self._records.has_news():
                self._queue.mark((), now)

    # With the lock held

    def _work(self) -> None:
        """Look and repair, then let go of the lock; what fails as a whole is tried again after a while."""
        queue, self._queue = self._queue, WorkQueue()
        try:
            if self._records.shall_be(lambda: queue.all(self._clock())):
                self._repair(queue)
        except NlanError as error:
            wait = self._backoff.note("look", self._clock(), failed=True)
            text = f"{error}; tried again in {wait:g} s"
            self._tell(Report("error", text, {"error": str(error), "retry_s": wait}))
        finally:
            self._lock.release()

    def _repair(self, queue: WorkQueue) -> None:
        begun = self._clock()
        desired = self._records.desired
        outcome = repair(self._lab, desired, queue.scope, self._backoff, self._vigil)
        now, repaired = self._clock(), outcome.repaired
        if queue.whole or queue.daemons:
            self._vigil.settle(repaired.seen, outcome.silent)
        for report in self._foreign.reports(repaired):
            self._tell(report)
        ms = round((now - (begun if queue.since is None else queue.since)) * 1000, 1)
        operational = self._records.operational
        operational.note_repairs([f"{o}: {o.reason}" for o in outcome.done], ms)
        for report in repairs(outcome, ms):
            self._tell(report)
        if queue.whole:
            self._full_at = now + max(FULL_EVERY_S, FULL_SHARE * (now - begun))
            self._watch_all()
            operational.stale(repaired.seen)
            operational.stale((n for n in repaired.seen if n in desired.speakers), sessions=True)
        elif repaired.daemons:
            self._sources.sync_daemons()
            operational.stale((o.key.namespace for o in outcome.done), sessions=True)
        self._records.note(repaired)

    def _watch_all(self) -> None:
        """Watch all that is there by now, after everything may have changed."""
        before, desired = self._sources.namespaces, self._records.desired
        self._sources.sync()
        if self._sources.namespaces != before or self._watched_revision != desired.revision:
            self._sources.sysctls.want(desired.unreported, self._sources.namespaces)
            self._watched_revision = desired.revision

    # Without it

    def _routine(self, now: float) -> None:
        """Do what is due by the clock, and watch daemons that came."""
        if self._unwatched:
            self._unwatched = False
            self._sources.sync_daemons()
        if now >= self._tick_at:
            self._tick_at = now + TICK_S
            self._look_around(now)
        self._records.forget(now)
        if now >= self._full_at:
            self._full_at = float("inf")
            self._queue.all(now)
        if self._backoff.is_over(now):
            self._queue.all(now)
            self._backoff.tidy(now)
        if now >= self._records.operational.due:
            self._write_down()

    def _look_around(self, now: float) -> None:
        """Look at a portion of what no event reports."""
        namespaces, desired = self._sources.namespaces, self._records.desired
        drifted = self._sources.sysctls.drifted()
        drifted |= self._vigil.polled_drifted(namespaces, desired)
        found = self._vigil.look(namespaces, desired, now)
        for namespace, daemon in found.still:
            text = f"{namespace}: {daemon} does not answer; it is started again in {STILL_S:.0f} s"
            fields = {"node": namespace, "daemon": daemon, "restart_s": STILL_S}
            self._tell(Report("daemon-silent", text, fields))
        if drifted or found.kernel:
            self._queue.mark(drifted | found.kernel, now)
        if found.daemons:
            self._queue.mark(found.daemons, now, daemons=True)

    def _write_down(self) -> None:
        """Write how things are; asking daemons makes files, so nobody may be removing the lab meanwhile."""
        if not self._lock.acquire():
            self._sources.pause_kernel()
            return
        try:
            self._records.write()
        finally:
            self._lock.release()
