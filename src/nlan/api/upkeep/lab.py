"""A running lab as the program that stays with it needs it: use cases that are nlan's own.

`nlan.keep` is built on this, on `nlan.api.events` and on the pidfile alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlan import processes
from nlan.api.environment.nodes import machine
from nlan.api.events.sources import Sources
from nlan.api.runs.lifecycle import undo_unconfirmed
from nlan.api.upkeep import repairing
from nlan.api.upkeep.desired import Desired
from nlan.api.upkeep.repairing import Looked, Repaired
from nlan.api.upkeep.scope import Scope
from nlan.api.upkeep.undoing import Undoing
from nlan.engine import Failure as Failure
from nlan.engine import Report
from nlan.engines.base import Daemon as DaemonResource
from nlan.errors import HostError, NlanError
from nlan.model import Lab
from nlan.netlink.tables import nftables, snapshot
from nlan.plan import Operation as Operation
from nlan.resources import FABRIC, HOST
from nlan.resources import Foreign as Foreign
from nlan.resources import Key as Key
from nlan.state import LabState as LabState
from nlan.state import database_path, find_state
from tega.database import Database, open_database

if TYPE_CHECKING:
    from nlan.api.handle import Handle
    from nlan.confirmation import Confirmation

Daemon = tuple[str, str]
"""Namespace and name."""
Document = dict[str, Any]


class KeptLab:
    """A running lab; its lock is the caller's to hold where it says so."""

    def __init__(self, lab: Handle) -> None:
        """Take a lab that is up; nothing is open yet."""
        self.name, self.clock = lab.name, lab.environment.clock
        self._paths, self._context = lab.paths, lab.context()

    def leave(self) -> None:
        """Let go of what this process has of the machine, which would be in the way of `down`."""
        machine(self._paths).leave()

    def lock(
        self, *, on_wait: Callable[[str], None] | None = None, timeout_s: float = 0.0
    ) -> AbstractContextManager[None]:
        """Hold the lab's lock for the length of the block.

        Args:
            on_wait: Called once with a sentence where another nlan holds it; without it nobody waits.
            timeout_s: How long to wait, in seconds.

        Raises:
            LockedError: Somebody else holds it.
            HostError: The lab is gone.
        """
        return self._context.nodes.lock(on_wait=on_wait, timeout_s=timeout_s)

    # The database

    @property
    def database_path(self) -> Path:
        """The directory of its database."""
        return database_path(self._paths.state, self.name)

    def open_state(self) -> LabState:
        """Open its database; what is written there is on the disk a little later.

        Raises:
            StoreError: It cannot be opened.
        """
        return LabState(open_database(self.database_path, durability="normal"), self.name)

    def desired(self, state: LabState, revision: int) -> Desired:
        """Return what shall be, by a revision of its database.

        Raises:
            NlanError: The revision describes no lab.
        """
        lab = state.lab(revision)
        if lab is None:
            raise NlanError(f"{self.name}: revision {revision} describes no lab")
        return Desired(lab, revision, self._context.expand(lab))

    def nothing_desired(self) -> Desired:
        """Return what shall be as long as nothing is known of it."""
        return Desired(Lab(name=self.name), -1, {})

    def undo(
        self,
        state: LabState,
        change: Confirmation,
        say: Callable[[str], None],
        removed: Callable[[str], None],
    ) -> None:
        """Undo a change that nobody confirmed; its lock is held.

        Args:
            state: Its database.
            change: What waits to be confirmed.
            say: Called with what goes on.
            removed: Called with namespaces that are removed: what is open in them would keep them.

        Raises:
            RollbackError: That could not be done whole.
        """
        undo_unconfirmed(self._context, state, change, Undoing(say, removed))

    # What differs

    def sources(self, database: Database | None) -> Sources:
        """Watch it; a context that closes its descriptors."""
        context = self._context
        return Sources(context.nodes, context.engines, database, kinds=context.kinds.values())

    def look(self, desired: Desired, scope: Scope) -> Looked:
        """Look at a part of it; its lock is held."""
        return repairing.look(self._context, desired, scope)

    def repair(
        self,
        desired: Desired,
        looked: Looked,
        waits: Callable[[Operation], bool],
        report: Report,
    ) -> Repaired:
        """Repair what a look found, but for operations that are to wait; its lock is held."""
        return repairing.repair(self._context, desired, looked, waits, report)

    # What no event reports

    def ruleset(self, namespace: str) -> tuple[str, ...] | None:
        """Return the tables of nftables, as words that differ where the tables do; None where it is gone."""
        try:
            return nftables.words(self._context.nodes, namespace)
        except HostError:
            return None

    def stopped(self, namespaces: Sequence[str], desired: Desired) -> Iterator[Daemon]:
        """Yield the daemons that stand still (SIGSTOP): they answer nobody."""
        for namespace in namespaces:
            for resource in desired.by_namespace.get(namespace, {}).values():
                driver = (
                    self._context.driver_of(resource.kind) if isinstance(resource, DaemonResource) else None
                )
                if driver is None:
                    continue
                if processes.is_stopped(driver.pid_path(namespace, resource.key.name)):
                    yield namespace, resource.key.name

    def polled_drifted(self, namespaces: Sequence[str], desired: Desired) -> set[str]:
        """Return which of the namespaces hold something else than they shall, of what has to be polled."""
        wanted = {key: r for name in namespaces for key, r in desired.polled[name].items()}
        found = {r.key: r for driver in self._context.polling(wanted) for r in driver.observe(namespaces)}
        return {
            key.namespace
            for key, resource in wanted.items()
            if key not in found or resource.difference(found[key]) is not None
        }

    # How things are

    def kernel_of(self, namespace: str) -> Document:
        """Return links, addresses, routes and neighbours of a namespace, as plain JSON.

        Raises:
            HostError: The namespace does not exist.
        """
        return dict(snapshot.look(self._context.nodes, namespace))

    def sessions_of(self, namespace: str, desired: Desired) -> Document:
        """Return a node's BGP sessions by peer, and OSPF neighbours by interface and identifier."""
        bgp: Document = {}
        ospf: Document = {}
        kind = desired.speakers.get(namespace)
        driver = self._context.driver_of(kind) if kind is not None else None
        if driver is None:
            return {"bgp": bgp, "ospf": ospf}
        try:
            bgp = {
                s.peer: {"state": s.state, "asn": s.peer_asn, "up": s.up} for s in driver.sessions(namespace)
            }
            for n in driver.ospf_neighbors(namespace):
                ospf[f"{n.interface} {n.router_id}"] = {"state": n.state, "version": n.version, "up": n.up}
        except NlanError:
            return {"bgp": bgp, "ospf": ospf}  # the daemon is down or goes down: nothing is up
        return {"bgp": bgp, "ospf": ospf}


def restarted(operation: Operation) -> DaemonResource | None:
    """Return the daemon, as it is, that an operation starts again; None where it is none."""
    return operation.observed if isinstance(operation.observed, DaemonResource) else None


def was_taken_down(lab: Handle) -> bool:
    """Tell whether a lab is no more and was taken down on purpose.

    Raises:
        HostError: The caller lacks the privilege.
    """
    lab.environment.privileges.need_root()
    if lab.is_running:
        return False
    state = find_state(lab.paths.state, lab.name)
    if state is None:
        return False
    with state:
        return state.lab() is not None and not state.was_up()


def people(namespaces: Iterable[str]) -> Iterator[str]:
    """Yield the nodes and hosts among namespaces."""
    return (name for name in namespaces if name not in (FABRIC, HOST))
