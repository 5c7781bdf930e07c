"""What no event tells of: tables of nftables, and daemons that stand still.

A few namespaces are looked at every second. A daemon that does not answer may be about to (a debugger holds
it, the machine is busy): it is started again once that has lasted for a while.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from nlan import processes
from nlan.api.environment.context import Context
from nlan.api.upkeep.desired import Desired
from nlan.engines.base import Daemon as Process
from nlan.errors import HostError
from nlan.netlink.tables import nftables as tables
from nlan.plan import Operation

PORTION = 10
"""So many namespaces are looked at each time."""
POLLED = 20
"""So many nodes that hold what the kernel tells nobody of are looked at each time."""
STILL_S = 10.0
"""How long a daemon may be silent before it is started again."""

Daemon = tuple[str, str]
"""Namespace and name."""


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

    def __init__(self, context: Context) -> None:
        """Know nothing yet."""
        self._context = context
        self._cursor = self._polled = 0
        self._tables: dict[str, tuple[str, ...]] = {}
        self._silent: dict[Daemon, float] = {}

    def look(self, namespaces: Collection[str], desired: Desired, now: float) -> Found:
        """Look at the next few of the namespaces."""
        names = sorted(namespaces)
        portion = [names[(self._cursor + n) % len(names)] for n in range(min(PORTION, len(names)))]
        self._cursor += len(portion)
        kernel = {name for name in portion if self._has_other_tables(name)}
        still = [daemon for daemon in self._stopped(portion, desired) if daemon not in self._silent]
        for daemon in still:
            self._silent[daemon] = now
        over = {daemon[0] for daemon, since in self._silent.items() if now - since >= STILL_S}
        return Found(kernel, over, still)

    def polled_drifted(self, namespaces: Collection[str], desired: Desired) -> set[str]:
        """Look at the next few nodes that hold something of which the kernel tells nobody, such as limits."""
        names = sorted(desired.polled)
        portion = [names[(self._polled + n) % len(names)] for n in range(min(POLLED, len(names)))]
        self._polled += len(portion)
        wanted = {key: r for name in portion for key, r in desired.polled[name].items()}
        found = {r.key: r for driver in self._context.polling(wanted) for r in driver.observe(portion)}
        return {
            key.namespace
            for key, resource in wanted.items()
            if key.namespace in namespaces
            and (key not in found or resource.difference(found[key]) is not None)
        }

    def _has_other_tables(self, namespace: str) -> bool:
        try:
            now = tables.words(self._context.place, namespace)
        except HostError:
            return False  # it goes
        before = self._tables.get(namespace, ())
        self._tables[namespace] = now
        return now != before

    def _stopped(self, namespaces: Sequence[str], desired: Desired) -> Iterator[Daemon]:
        for namespace in namespaces:
            for resource in desired.by_namespace.get(namespace, {}).values():
                driver = self._context.driver_of(resource.kind) if isinstance(resource, Process) else None
                if driver is None:
                    continue
                if processes.is_stopped(driver.pid_path(namespace, resource.key.name)):
                    yield namespace, resource.key.name

    def waits(self, operation: Operation, now: float) -> bool:
        """Tell whether an operation would start a silent daemon too early, or one that stands on it."""
        observed, (_, namespace, name) = operation.observed, operation.key
        if not isinstance(observed, Process):
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
