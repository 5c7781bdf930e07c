"""What no event tells of: tables of nftables, and daemons that stand still.

A few namespaces are looked at every second. A daemon that does not answer may be about to (a debugger holds
it, the machine is busy): it is started again once that has lasted for a while.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from nlan.api.upkeep.desired import Desired
from nlan.api.upkeep.lab import Daemon, KeptLab, Operation, restarted

PORTION = 10
"""So many namespaces are looked at each time."""
POLLED = 20
"""So many nodes that hold what the kernel tells nobody of are looked at each time."""
STILL_S = 10.0
"""How long a daemon may be silent before it is started again."""


class Found(NamedTuple):
    """What a look found.

    Attributes:
        kernel: Namespaces whose tables have changed.
        daemons: Namespaces with a daemon whose time is over.
        still: Daemons that stand still, as of now.
    """

    kernel: set[str]
    daemons: set[str]
    still: list[Daemon]


class Vigil:
    """Looks at a portion of a lab's namespaces each time, one portion after the other."""

    def __init__(self, lab: KeptLab) -> None:
        """Know nothing yet."""
        self._lab = lab
        self._cursor = self._polled = 0
        self._tables: dict[str, tuple[str, ...]] = {}
        self._silent: dict[Daemon, float] = {}

    def look(self, namespaces: Collection[str], desired: Desired, now: float) -> Found:
        """Look at the next few of the namespaces."""
        names = sorted(namespaces)
        portion = [names[(self._cursor + n) % len(names)] for n in range(min(PORTION, len(names)))]
        self._cursor += len(portion)
        kernel = {name for name in portion if self._has_other_tables(name)}
        still = [daemon for daemon in self._lab.stopped(portion, desired) if daemon not in self._silent]
        for daemon in still:
            self._silent[daemon] = now
        over = {daemon[0] for daemon, since in self._silent.items() if now - since >= STILL_S}
        return Found(kernel, over, still)

    def polled_drifted(self, namespaces: Collection[str], desired: Desired) -> set[str]:
        """Look at the next few nodes that hold something of which the kernel tells nobody, such as limits."""
        names = sorted(desired.polled)
        portion = [names[(self._polled + n) % len(names)] for n in range(min(POLLED, len(names)))]
        self._polled += len(portion)
        return self._lab.polled_drifted(portion, desired).intersection(namespaces)

    def _has_other_tables(self, namespace: str) -> bool:
        now = self._lab.ruleset(namespace)
        if now is None:
            return False  # it goes
        before = self._tables.get(namespace, ())
        self._tables[namespace] = now
        return now != before

    def waits(self, operation: Operation, now: float) -> bool:
        """Tell whether an operation would start a silent daemon too early, or one that stands on it."""
        observed, (_, namespace, name) = restarted(operation), operation.key
        if observed is None:
            return False
        if observed.silent:
            return now - self._silent.setdefault((namespace, name), now) < STILL_S
        since = self._silent.get((namespace, observed.outlived)) if observed.outlived else None
        return since is not None and now - since < STILL_S

    def settle(self, namespaces: Collection[str], waiting: Collection[Daemon]) -> None:
        """Forget the daemons of namespaces that were looked at, but those that wait still."""
        self._silent = {
            daemon: since
            for daemon, since in self._silent.items()
            if daemon[0] not in namespaces or daemon in waiting
        }
