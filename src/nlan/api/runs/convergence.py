"""Waiting until routing has converged: exactly what the model says must come, and what is missing.

Routes are waited for by the kernels' own notifications; sessions and
adjacencies that bring no new route are asked for at the daemons.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from nlan.expect import Expectation, Hindrance, Session
from nlan.expect.hindrances import details, summary
from nlan.model.codec import IpNetwork

SETTLE_S = 0.05
"""How long no route may move at the end: what was there first need not be the best."""

RESOLVE_S = 0.15
"""The same where BGP's next hops lead over OSPF: daemons gather what changed for 50 ms, so do peers."""

ASK_AGAIN_S = 0.02
"""How long a daemon is left alone between two questions about a session."""

SHOW_S = 0.1
"""How often waiting for routes tells how far it is."""

HEAL_S = 1.0
"""How long no route comes, until what came up in vain is looked for."""

QUIET_S = 3.0
"""How long routing must be quiet to be taken as done where raw configuration decides what comes."""

T = TypeVar("T")

Adjacency = tuple[int, str, str, int]
"""IP version, router, interface, and how many neighbours there are."""
Other = tuple[str, str, str, int]
"""Protocol, router, interface (BFD: the peer's address), and how many neighbours there are."""
MissingRoutes = dict[str, set[IpNetwork]]


class Routes(Protocol):
    """Where kernel routes come from (`nlan.netlink.watch.RouteWatcher`)."""

    def wait(self, missing: MissingRoutes, deadline: float) -> MissingRoutes:
        """Return what is still missing: nothing as soon as all is there, else at the deadline."""

    def settle(self, quiet_s: float, deadline: float) -> None:
        """Wait until no route has moved for so long."""


class NeighborCounts(Protocol):
    """Who knows the neighbours of protocols that raw lines alone speak."""

    def neighbors_up(self, node: str, protocol: str) -> Mapping[str, int]:
        """Return how many neighbours are up, by the node's interfaces; of BFD by their addresses."""


class Speakers(NeighborCounts, Protocol):
    """Who knows sessions and adjacencies (the daemons' drivers)."""

    def established(self, node: str) -> set[str]:
        """Return the addresses of the node's BGP peers whose session is established."""

    def unestablished(self, node: str) -> set[str]:
        """Return the addresses of the node's BGP peers whose session is neither up nor shut down."""

    def adjacent(self, node: str, version: int) -> Mapping[str, int]:
        """Return how many OSPF neighbours are up, by the node's interfaces."""

    def is_computing(self, node: str) -> bool:
        """Tell whether an OSPF daemon of the node is about to compute its routes anew."""

    def pause(self, seconds: float) -> None:
        """Wait a little for something to happen."""

    def heal(self) -> None:
        """Help what waits in vain: sessions without a next hop, OSPF's wait for an election."""


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """What has not come.

    Attributes:
        sessions: Ends of BGP sessions that are not established.
        neighbors: (IP version, node, interface, how many) that have not all their OSPF neighbours.
        others: (protocol, node, interface, how many) that have not all their neighbours.
        routes: Prefixes that a node's kernel lacks.
        raw: (node, peer's address) of sessions that raw configuration describes and that are not up.
            They may be meant so: they do not count as missing.
        hindrances: What cannot come at all, by what the file says.
        unseen: Where raw configuration decides what comes: prefixes that a node's kernel lacked when nothing
            came any more. They may be meant so: nobody knows whether more is to come.
    """

    sessions: tuple[Session, ...] = ()
    neighbors: tuple[Adjacency, ...] = ()
    others: tuple[Other, ...] = ()
    routes: Mapping[str, frozenset[IpNetwork]] = {}
    raw: tuple[tuple[str, str], ...] = ()
    hindrances: tuple[Hindrance, ...] = ()
    unseen: Mapping[str, frozenset[IpNetwork]] = {}

    @property
    def is_certain(self) -> bool:
        """Whether it is known that all has come."""
        return not (self or self.hindrances or self.raw or self.unseen)

    def __bool__(self) -> bool:
        return bool(self.sessions or self.neighbors or self.others or self.routes)

    def lines(self, most: int = 12) -> list[str]:
        """Return it as sentences, causes first."""
        lines = [f"{s.node}: no BGP session with {s.peer} ({s.peer_node})" for s in self.sessions]
        lines += [
            f"{node}: {_neighbors(count, f'OSPFv{2 if version == 4 else 3}')} on {interface}"
            for version, node, interface, count in self.neighbors
        ]
        lines += [f"{other[1]}: {without(other)}" for other in self.others]
        for node, prefixes in self.routes.items():
            shown = ", ".join(sorted(map(str, prefixes))[:3])
            more = f" and {len(prefixes) - 3} more" if len(prefixes) > 3 else ""
            lines.append(f"{node}: no route to {shown}{more}")
        return _at_most(lines, most)

    def blocked(self) -> list[str]:
        """Return in sentences what cannot come up, and why."""
        return details(self.hindrances)

    def blocked_summary(self) -> str:
        """Return that in one clause."""
        return summary(self.hindrances)

    def notes(self, most: int = 12) -> list[str]:
        """Return in sentences what is not there and may be meant so."""
        notes = [f"{node}: its BGP session with {peer} is not up" for node, peer in self.raw]
        if self.unseen:
            count = sum(map(len, self.unseen.values()))
            node, prefixes = next(iter(self.unseen.items()))
            routes = f"route is not seen, {min(prefixes, key=str)} at {node}"
            if count > 1:
                routes = f"routes are not seen, such as {min(prefixes, key=str)} at {node}"
            notes.append(f"whether more is to come is not known: {count} {routes}")
        return _at_most(notes, most)


def _neighbors(count: int, protocol: str) -> str:
    return f"no full {protocol} neighbour" if count == 1 else f"not all {count} {protocol} neighbours"


def without(other: Other) -> str:
    """Return in words that a router lacks neighbours."""
    protocol, _, where, count = other
    if protocol == "BFD":
        return f"no BFD session with {where}"
    lack = f"no {protocol} neighbour" if count == 1 else f"not all {count} {protocol} neighbours"
    return f"{lack} on {where}"


def _at_most(lines: list[str], most: int) -> list[str]:
    return lines if len(lines) <= most else [*lines[:most], f"… and {len(lines) - most} more"]


def wait(
    expected: Expectation,
    routes: Routes,
    speakers: Speakers,
    deadline: float,
    progress: Callable[[str], None] = lambda text: None,
    *,
    clock: Callable[[], float] = time.monotonic,
    quiet_s: float = QUIET_S,
) -> Missing:
    """Wait until all that is expected has come, and return what is missing at the deadline.

    Args:
        expected: From `nlan.expect.expectation`.
        routes: The kernels.
        speakers: The daemons.
        deadline: By the clock, seconds.
        progress: Called with how far it is, in words.
        clock: Seconds that only grow.
        quiet_s: How long routing must be quiet where raw configuration decides what comes.
    """
    return _Wait(expected, routes, speakers, deadline, progress, clock, quiet_s).run()


class _Wait(NamedTuple):
    """One waiting, with whom it asks."""

    expected: Expectation
    routes: Routes
    speakers: Speakers
    deadline: float
    progress: Callable[[str], None]
    clock: Callable[[], float]
    quiet_s: float

    def run(self) -> Missing:
        """Wait for one thing after the other."""
        expected, speakers = self.expected, self.speakers
        self._for_routes()
        sessions = self._for(expected.sessions, lambda left: _unestablished(left, speakers), "sessions")
        wanted = _adjacencies(expected)
        neighbors = self._for(wanted, lambda left: _unadjacent(left, speakers), "OSPF neighbours")
        what = "IS-IS neighbours and BFD sessions"
        others = self._for(wanted_others(expected), lambda left: not_up(left, speakers), what)
        # Where a change reset a session, the routes seen before were those that it was about to take away.
        missing_routes = self._for_rest()
        raw, unseen = self._for_quiet() if expected.raw else ([], {})
        return Missing(
            sessions=tuple(sessions),
            neighbors=tuple(neighbors),
            others=tuple(others),
            routes={node: frozenset(prefixes) for node, prefixes in sorted(missing_routes.items())},
            raw=tuple(end for end in raw if end not in {(s.node, s.peer) for s in sessions}),
            hindrances=expected.hindrances,
            unseen={
                node: frozenset(left)
                for node, prefixes in sorted(unseen.items())
                if (left := prefixes - missing_routes.get(node, set()))
            },
        )

    def _for_rest(self) -> MissingRoutes:
        """Wait until nothing moves and no OSPF daemon has still to compute; return what is missing."""
        is_computing = self.speakers.is_computing
        computing = sorted({node for _, node, *_ in _adjacencies(self.expected)})
        quiet_s = RESOLVE_S if computing and self.expected.sessions else SETTLE_S
        while True:
            self._for(computing, lambda left: list(filter(is_computing, left)), "SPF runs")
            missing = self._for_routes()
            if missing:
                return missing
            self.routes.settle(quiet_s, self.deadline)
            # A router that was done may have learned something from one that was not.
            if self.clock() >= self.deadline or not any(map(is_computing, computing)):
                return missing

    def _for_routes(self) -> MissingRoutes:
        missing: MissingRoutes = {node: set(prefixes) for node, prefixes in self.expected.routes.items()}
        left = total = sum(map(len, missing.values()))
        heal_at = self.clock() + HEAL_S
        while missing:
            before = left
            missing = self.routes.wait(missing, min(self.deadline, self.clock() + SHOW_S))
            left = sum(map(len, missing.values()))
            if left < before:
                heal_at = self.clock() + HEAL_S
            elif self.clock() >= heal_at:
                self.speakers.heal()
                heal_at = self.clock() + HEAL_S
            self.progress(f"routing: {total - left} of {total} routes")
            if self.clock() >= self.deadline:
                break
        return missing

    def _for_quiet(self) -> tuple[list[tuple[str, str]], MissingRoutes]:
        """Wait until every router knows all prefixes and every raw session is up, or nothing comes for long.

        Returns:
            (node, peer's address) of the sessions in raw configuration that are not up, and prefixes not
            seen.
        """
        missing: MissingRoutes = {node: set(prefixes) for node, prefixes in self.expected.possible.items()}
        down = _down(self.expected.raw, self.speakers)
        quiet = self.clock() + self.quiet_s
        while (missing or down) and self.clock() < min(quiet, self.deadline):
            before = (missing, down)
            self.speakers.pause(0 if missing else SHOW_S)
            missing = self.routes.wait(missing, min(self.deadline, self.clock() + SHOW_S))
            down = _down(self.expected.raw, self.speakers)
            if (missing, down) != before:
                quiet = self.clock() + self.quiet_s
            unseen = sum(map(len, missing.values()))
            self.progress(f"routing: raw configuration, {unseen} prefixes not seen (yet)")
        return down, missing

    def _for(
        self, wanted: Iterable[T], still_missing: Callable[[Sequence[T]], list[T]], what: str
    ) -> list[T]:
        left = list(wanted)
        total = len(left)
        count, heal_at = total, self.clock() + HEAL_S
        while left := still_missing(left):
            if len(left) < count:
                count, heal_at = len(left), self.clock() + HEAL_S
            elif self.clock() >= heal_at:
                self.speakers.heal()
                heal_at = self.clock() + HEAL_S
            self.progress(f"routing: {total - len(left)} of {total} {what}")
            if self.clock() >= self.deadline:
                break
            self.speakers.pause(ASK_AGAIN_S)
        return left


def _down(nodes: Iterable[str], speakers: Speakers) -> list[tuple[str, str]]:
    return [(node, peer) for node in nodes for peer in sorted(speakers.unestablished(node))]


def _unestablished(sessions: Sequence[Session], speakers: Speakers) -> list[Session]:
    up = {node: speakers.established(node) for node in {session.node for session in sessions}}
    return [session for session in sessions if session.peer not in up[session.node]]


def _adjacencies(expected: Expectation) -> list[Adjacency]:
    return sorted((v, *end, n) for v, ends in expected.adjacencies.items() for end, n in ends.items())


def _unadjacent(wanted: Sequence[Adjacency], speakers: Speakers) -> list[Adjacency]:
    up = {(version, node): speakers.adjacent(node, version) for version, node, *_ in wanted}
    return [one for one in wanted if up[one[:2]].get(one[2], 0) < one[3]]


def wanted_others(expected: Expectation, node: str | None = None) -> list[Other]:
    """Return the neighbours of other protocols that come up: of a node, or of all."""
    return sorted(
        (protocol, *end, count)
        for protocol, ends in expected.others.items()
        for end, count in ends.items()
        if node in (None, end[0])
    )


def not_up(wanted: Sequence[Other], daemons: NeighborCounts) -> list[Other]:
    """Return those of the wanted that are not up."""
    up = {(protocol, node): daemons.neighbors_up(node, protocol) for protocol, node, *_ in wanted}
    return [one for one in wanted if up[one[:2]].get(one[2], 0) < one[3]]
