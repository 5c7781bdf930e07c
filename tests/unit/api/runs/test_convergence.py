"""Waiting for convergence where raw configuration decides what comes."""

from __future__ import annotations

from ipaddress import ip_network

from nlan.api.runs.convergence import MissingRoutes, wait
from nlan.expect import Expectation, Session

PREFIX = ip_network("192.0.2.0/24")


class Kernels:
    """Routes come with the n-th question."""

    def __init__(self, come_with: int) -> None:
        self.questions, self.settled, self._come_with = 0, 0, come_with

    def wait(self, missing: MissingRoutes, deadline: float) -> MissingRoutes:
        self.questions += 1
        return {} if self.questions >= self._come_with else missing

    def settle(self, quiet_s: float, deadline: float) -> None:
        self.settled += 1


class Daemons:
    """One session that comes up with the n-th question, if ever."""

    def __init__(self, up_with: int | None) -> None:
        self.questions, self.healed, self._up_with = 0, 0, up_with

    def established(self, node: str) -> set[str]:
        return set()

    def unestablished(self, node: str) -> set[str]:
        self.questions += 1
        return set() if self._up_with is not None and self.questions >= self._up_with else {"192.0.2.2"}

    def adjacent(self, node: str, version: int) -> dict[str, int]:
        return {}

    def neighbors_up(self, node: str, protocol: str) -> dict[str, int]:
        return {}

    def is_computing(self, node: str) -> bool:
        return False

    def pause(self, seconds: float) -> None:
        return

    def heal(self) -> None:
        self.healed += 1


RAW = Expectation(exact=False, possible={"r1": frozenset({PREFIX})}, raw=("r1",))


def test_a_raw_session_is_waited_for() -> None:
    daemons = Daemons(up_with=5)
    missing = wait(RAW, Kernels(come_with=1), daemons, deadline=float("inf"), quiet_s=60.0)
    assert (bool(missing), missing.notes(), daemons.questions) == (False, [], 5)


def test_a_raw_session_that_stays_down_is_noted_and_not_missing() -> None:
    missing = wait(RAW, Kernels(come_with=1), Daemons(up_with=None), deadline=float("inf"), quiet_s=0.01)
    assert not missing
    assert missing.notes() == ["r1: its BGP session with 192.0.2.2 is not up"]
    assert not missing.is_certain


def test_where_raw_lines_may_bring_more_nothing_is_certain() -> None:
    missing = wait(RAW, Kernels(come_with=1_000_000), Daemons(up_with=1), deadline=float("inf"), quiet_s=0.01)
    assert (bool(missing), missing.is_certain) == (False, False)
    said = "whether more is to come is not known: 1 route is not seen, 192.0.2.0/24 at r1"
    assert missing.notes() == [said]
    assert wait(RAW, Kernels(come_with=1), Daemons(up_with=1), deadline=float("inf")).is_certain


def test_what_comes_begins_the_quiet_anew() -> None:
    now = [0.0]

    class Slow(Kernels):
        def wait(self, missing: MissingRoutes, deadline: float) -> MissingRoutes:
            now[0] += 2.0
            return super().wait(missing, deadline)

    daemons, kernels = Daemons(up_with=3), Slow(come_with=10)
    wait(RAW, kernels, daemons, deadline=float("inf"), clock=lambda: now[0])
    assert kernels.questions == 4  # at 2, 4 (the session came: quiet until 7), 6 and 8 s


def test_routes_that_go_with_a_session_are_waited_for_again() -> None:
    session = Session("r1", "192.0.2.2", "r2")

    class Resetting(Daemons):
        def established(self, node: str) -> set[str]:
            self.questions += 1
            return {session.peer} if self.questions >= 2 else set()

    class Losing(Kernels):
        def wait(self, missing: MissingRoutes, deadline: float) -> MissingRoutes:
            self.questions += 1
            return missing if self.questions == 2 else {}

    kernels = Losing(come_with=1)
    expected = Expectation(sessions=(session,), routes={"r1": frozenset({PREFIX})})
    assert not wait(expected, kernels, Resetting(up_with=None), deadline=float("inf"))
    assert kernels.questions == 3


def test_what_came_up_in_vain_is_looked_for_while_no_route_comes() -> None:
    now = [0.0]

    class Slow(Kernels):
        def wait(self, missing: MissingRoutes, deadline: float) -> MissingRoutes:
            now[0] += 0.3
            return super().wait(missing, deadline)

    daemons = Daemons(up_with=1)
    expected = Expectation(routes={"r1": frozenset({PREFIX})})
    wait(expected, Slow(come_with=10), daemons, deadline=float("inf"), clock=lambda: now[0])
    assert daemons.healed == 2  # at 1.2 and 2.4 s; what comes at 3.0 s is all


def test_all_neighbours_of_a_segment_are_waited_for_then_the_routes_they_bring() -> None:
    class Electing(Daemons):
        """Two neighbours come one after the other; the routes are computed a little later."""

        def adjacent(self, node: str, version: int) -> dict[str, int]:
            self.questions += 1
            return {"lan": min(self.questions, 2)}

        def is_computing(self, node: str) -> bool:
            assert self.questions == 2
            self.computed = getattr(self, "computed", 0) + 1
            return self.computed < 3

    daemons, kernels = Electing(None), Kernels(come_with=1)
    expected = Expectation(adjacencies={4: {("r1", "lan"): 2}}, routes={"r1": frozenset({PREFIX})})
    assert not wait(expected, kernels, daemons, deadline=float("inf"))
    assert (daemons.computed, kernels.settled) == (4, 1)  # asked once more when all is still
    missing = wait(expected, kernels, Daemons(None), deadline=0.0)
    assert missing.lines() == ["r1: not all 2 OSPFv2 neighbours on lan"]


def test_a_router_that_computes_again_is_waited_for_again() -> None:
    class Told(Daemons):
        """What another router told it comes after it was done."""

        def __init__(self) -> None:
            super().__init__(None)
            self.answers = [False, True, True, False, False]

        def adjacent(self, node: str, version: int) -> dict[str, int]:
            return {"lan": 1}

        def is_computing(self, node: str) -> bool:
            return self.answers.pop(0)

    daemons, kernels = Told(), Kernels(come_with=1)
    assert not wait(Expectation(adjacencies={4: {("r1", "lan"): 1}}), kernels, daemons, deadline=float("inf"))
    assert (daemons.answers, kernels.settled) == ([], 2)


def test_isis_neighbours_are_waited_for_and_missed() -> None:
    class Hearing(Daemons):
        """A second neighbour comes with the second question."""

        def neighbors_up(self, node: str, protocol: str) -> dict[str, int]:
            self.questions += 1
            return {"lan": min(self.questions, 2)}

    expected, daemons = Expectation(others={"IS-IS": {("r1", "lan"): 2}}), Hearing(None)
    assert not wait(expected, Kernels(come_with=1), daemons, deadline=float("inf"))
    assert daemons.questions == 2
    missing = wait(expected, Kernels(come_with=1), Daemons(None), deadline=0.0)
    assert missing
    assert missing.lines() == ["r1: not all 2 IS-IS neighbours on lan"]
