"""How a lab is: nodes, addresses, daemons, sessions, and what differs from what shall be."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from nlan.api import catalog
from nlan.api.environment.context import Context
from nlan.api.inside.names import visible
from nlan.api.runs.convergence import NeighborCounts, not_up, wanted_others, without
from nlan.api.runs.running import settle
from nlan.confirmation import Confirmation
from nlan.engine import Engine
from nlan.engines.base import Daemon, EngineDriver
from nlan.errors import RollbackError
from nlan.expect import Expectation, Hindrance, expectation
from nlan.expect.hindrances import details
from nlan.kinds.address import Address
from nlan.model import Lab
from nlan.plan import Operation, Plan, plan
from nlan.resources import Key, Resource
from nlan.state import find_state
from nlan.values import natural

if TYPE_CHECKING:
    from nlan.api import lab as nlan_lab

PATIENCE_S = 2.0
"""How long a daemon may take to answer: nothing is done to one that does not, it is only reported."""


class NodeStatus(NamedTuple):
    """One node or host.

    Attributes:
        name: The node's, or ``NODE/ADDRESS`` of a host.
        addresses: By interface.
        daemons: Those that run.
        bgp: Sessions as the daemon tells them (`nlan.engines.base.BgpSession`), as dicts.
        ospf: Neighbours likewise.
        bgp_wanted: Sessions that should be up, by peer address.
        ospf_wanted: How many neighbours there should be, by version of OSPF and interface.
        drift: What `up` would do to it.
        foreign: What somebody else put there, in words.
        harmful: That of it which may change where the lab's packets go.
        hindrances: What the file means of it and cannot come up.
        missing: Neighbours of other protocols (IS-IS, BFD) that should be up and are not, in words.
        traits: What is out of the ordinary by intent, such as a link's rate and delay, in words.
        notes: What was done to it while the lab runs and no file says, such as a fault of a link, in words.
    """

    name: str
    addresses: dict[str, list[str]]
    daemons: list[str]
    bgp: list[dict[str, Any]]
    ospf: list[dict[str, Any]]
    bgp_wanted: frozenset[str]
    ospf_wanted: Mapping[tuple[int, str], int]
    drift: list[Operation]
    foreign: list[str]
    harmful: list[str]
    hindrances: tuple[Hindrance, ...] = ()
    missing: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def bgp_up(self) -> int:
        """How many sessions are established."""
        return sum(session["up"] for session in self.bgp)

    @property
    def state(self) -> str:
        """One word.

        That is ``ok``, ``drift`` (differs from what shall be), ``foreign`` (what somebody else put there
        may do harm), ``waiting`` (for sessions, neighbours), or ``blocked``: all that can come up is up, and
        something that the file means cannot.
        """
        if self.drift:
            return "drift"
        if self.harmful:
            return "foreign"
        up = {session["peer"] for session in self.bgp if session["up"]}
        full = Counter(
            (neighbor["version"], neighbor["interface"]) for neighbor in self.ospf if neighbor["up"]
        )
        has_neighbors = all(full[end] >= count for end, count in self.ospf_wanted.items())
        if self.missing or not (self.bgp_wanted <= up and has_neighbors):
            return "waiting"
        return "blocked" if self.hindrances else "ok"


class LabStatus(NamedTuple):
    """A lab's status.

    Attributes:
        lab: Its name.
        known: Whether its database tells what shall be; else nothing can drift.
        nodes: Nodes and hosts, sorted.
        plan: What `up` would do, and what is foreign.
        hindrances: What the file means and cannot come up.
        revision: The applied one; 0 where none was applied whole.
        outcomes: Of each node the revision that was applied last, and what became of it.
        waiting: The change that waits to be confirmed.
        kept_by: The process id of its keep.
    """

    lab: str
    known: bool
    nodes: list[NodeStatus]
    plan: Plan
    hindrances: tuple[Hindrance, ...] = ()
    revision: int = 0
    outcomes: Mapping[str, Any] = {}
    waiting: Confirmation | None = None
    kept_by: int | None = None

    @property
    def ok(self) -> bool:
        """Whether it is as it shall be, and nobody else interferes."""
        return all(node.state == "ok" for node in self.nodes) and not self.plan and not self.plan.harmful

    def blocked(self) -> list[str]:
        """Return in sentences what cannot come up, and why."""
        return details(self.hindrances)


def look(lab: nlan_lab.Lab) -> LabStatus:
    """Return the status of a running lab against what its database says, and what that says besides.

    A change that nobody confirmed in time is undone before; where that cannot be done, the listener is told.
    """
    catalog.choose(lab.environment, lab.name)
    try:
        settle(lab)
    except RollbackError as error:
        lab.listener.say(str(error))
    state = find_state(lab.paths.state, lab.name, say=lab.listener.say)
    if state is None:
        return status(lab.context(), None)._replace(kept_by=lab.kept_by)
    with state:
        known = state.lab()
        revision, outcomes, waiting = state.applied(), state.status(), state.confirmation()
    found = status(lab.context(), known)
    return found._replace(revision=revision, outcomes=outcomes, waiting=waiting, kept_by=lab.kept_by)


def status(context: Context, lab: Lab | None) -> LabStatus:
    """Look at a running lab.

    Args:
        context: The lab's.
        lab: As it shall be; None where its database does not say.
    """
    desired = context.expand(lab) if lab is not None else {}
    namespaces = context.nodes.namespaces()
    context.tell_engines(patience_s=PATIENCE_S)
    observed = Engine(context.drivers(desired)).observe(namespaces)
    planned = plan(desired, observed) if lab is not None else Plan()
    drift: dict[str, list[Operation]] = defaultdict(list)
    for operation in planned.operations:
        drift[operation.key.namespace].append(operation)
    expected = expectation(lab) if lab is not None else Expectation()
    names = sorted({*visible(namespaces), *(n for n in visible(list(drift)) if n)}, key=natural)
    speakers = context.speakers(lab) if lab is not None else None
    nodes = [_node(context, n, observed, expected, planned, drift.get(n, []), speakers) for n in names]
    notes = {
        node.name: tuple(n for s in node.services for n in s.notes()) for node in (lab.nodes if lab else ())
    }
    nodes = [node._replace(notes=notes.get(node.name, ())) for node in nodes]
    return LabStatus(context.nodes.lab, lab is not None, nodes, planned, expected.hindrances)


def _node(
    context: Context,
    name: str,
    observed: dict[Key, Resource],
    expected: Expectation,
    planned: Plan,
    drift: list[Operation],
    speakers: NeighborCounts | None,
) -> NodeStatus:
    mine = [resource for key, resource in observed.items() if key.namespace == name]
    addresses: dict[str, list[str]] = defaultdict(list)
    for resource in mine:
        if isinstance(resource, Address):
            addresses[resource.interface].append(str(resource.address))
    daemons = sorted(filter(None, (resource.process for resource in mine)))
    drivers = _drivers(context, mine)
    return NodeStatus(
        name=name,
        addresses={interface: sorted(values) for interface, values in sorted(addresses.items())},
        daemons=daemons,
        bgp=_sessions(drivers, name),
        ospf=_neighbors(drivers, name),
        bgp_wanted=frozenset(session.peer for session in expected.sessions if session.node == name),
        ospf_wanted={
            (2 if version == 4 else 3, interface): count
            for version, ends in expected.adjacencies.items()
            for (node, interface), count in ends.items()
            if node == name
        },
        drift=drift,
        foreign=[str(foreign) for foreign in planned.foreign if foreign.namespace == name],
        harmful=[str(foreign) for foreign in planned.harmful if foreign.namespace == name],
        traits=tuple(sorted((trait for r in mine if (trait := r.trait())), key=natural)),
        hindrances=tuple(h for h in expected.hindrances if name in (h.node, h.other)),
        missing=tuple(map(without, not_up(wanted_others(expected, name), speakers))) if speakers else (),
    )


def _drivers(context: Context, mine: Iterable[Resource]) -> list[EngineDriver]:
    """Return the drivers of the engines whose daemons run in a node and answer."""
    kinds = {resource.kind for resource in mine if isinstance(resource, Daemon) and not resource.silent}
    return [driver for kind in sorted(kinds) if (driver := context.driver_of(kind)) is not None]


def _sessions(drivers: Iterable[EngineDriver], name: str) -> list[dict[str, Any]]:
    found = (session for driver in drivers for session in driver.sessions(name))
    return [{**session._asdict(), "up": session.up} for session in found]


def _neighbors(drivers: Iterable[EngineDriver], name: str) -> list[dict[str, Any]]:
    found = (neighbor for driver in drivers for neighbor in driver.ospf_neighbors(name))
    return [{**neighbor._asdict(), "up": neighbor.up} for neighbor in found]
