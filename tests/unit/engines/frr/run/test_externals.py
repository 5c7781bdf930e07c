"""External routes of ospfd are those of its last SPF run, or of the one before."""

from __future__ import annotations

from typing import Any

import pytest

from nlan.engines.frr.run import externals

EAST, WEST = {"ip": "192.0.2.1", "via": "eth1"}, {"ip": "192.0.2.5", "via": "eth2"}


def border(cost: int, *hops: dict[str, str]) -> dict[str, Any]:
    return {"routeType": "R ", "cost": cost, "routerType": "asbr", "nexthops": list(hops)}


def external(*hops: dict[str, str], kind: str = "N E2") -> dict[str, Any]:
    return {"routeType": kind, "nexthops": list(hops)}


def announced(
    by: str, metric: int = 20, kind: str = "E2 (Larger …)", towards: str = "0.0.0.0"
) -> dict[str, Any]:
    return {
        "linkStateId": "198.51.100.0",
        "networkMask": 24,
        "advertisingRouter": by,
        "metricType": kind,
        "metric": metric,
        "forwardAddress": towards,
    }


BORDERS = {"10.0.0.1": border(10, EAST), "10.0.0.2": border(20, WEST), "10.0.0.3": border(10, WEST)}


@pytest.mark.parametrize(
    ("route", "announcements", "is_current"),
    [
        (external(EAST), [announced("10.0.0.1")], True),
        (external(WEST), [announced("10.0.0.1")], False),
        (external(EAST, WEST), [announced("10.0.0.1")], False),
        (None, [announced("10.0.0.1")], False),
        (None, [announced("10.0.0.9")], True),
        (None, [announced("10.0.0.1", metric=0xFFFFFF)], True),
        (None, [announced("10.0.0.1", towards="192.0.2.9")], True),
        (None, [announced("10.0.0.8"), announced("10.0.0.1")], True),
        (external(EAST), [announced("10.0.0.1"), announced("10.0.0.2")], True),
        (external(WEST), [announced("10.0.0.1"), announced("10.0.0.2")], False),
        (external(WEST), [announced("10.0.0.1"), announced("10.0.0.2", metric=10)], True),
        (external(WEST), [announced("10.0.0.1"), announced("10.0.0.2", 999, "E1")], True),
        (external(EAST), [announced("10.0.0.1", 20, "E1"), announced("10.0.0.2", 11, "E1")], True),
        (external(EAST, WEST), [announced("10.0.0.1"), announced("10.0.0.3")], True),
        (external(WEST), [announced("10.0.0.1"), announced("10.0.0.3")], True),
        (external(WEST, kind="N"), [announced("10.0.0.1")], True),
    ],
    ids=[
        "right",
        "of the run before",
        "one too many",
        "to come",
        "its border router is out of reach",
        "withdrawn",
        "towards another address",
        "its own",
        "the nearer of two",
        "the farther of two",
        "the smaller metric",
        "E1 before E2",
        "E1 adds the cost",
        "both of two",
        "one of two",
        "within the AS",
    ],
)
def test_routes_are_held_against_the_border_routers(
    route: dict[str, Any] | None, announcements: list[dict[str, Any]], is_current: bool
) -> None:
    routes = BORDERS | ({} if route is None else {"198.51.100.0/24": route})
    database = {"routerId": "10.0.0.8", "asExternalLinkStates": announcements}
    assert externals.are_current(routes, database) is is_current


def test_they_are_late_for_a_while_after_a_run_and_only_where_there_are_some() -> None:
    assert externals.may_be_late({"lsaExternalCounter": 1, "spfLastExecutedMsecs": 300})
    assert not externals.may_be_late({"lsaExternalCounter": 0, "spfLastExecutedMsecs": 300})
    assert not externals.may_be_late({"lsaExternalCounter": 1, "spfLastExecutedMsecs": externals.LATE_MS})
    assert not externals.may_be_late({"lsaExternalCounter": 1})
    assert not externals.may_be_late({})


def test_no_external_route_is_current() -> None:
    assert externals.are_current({}, {})
