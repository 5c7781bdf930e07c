"""What somebody else put into a namespace: shown, judged, and removed where nothing else shall be."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

import pytest

from nlan.engines.frr.resource import FrrDaemon
from nlan.kinds.address import Address
from nlan.kinds.namespace import Namespace
from nlan.kinds.route import Route
from nlan.kinds.stack import Stack
from nlan.plan import exclusively, plan
from nlan.resources import Foreign, Key, Resource

ADDRESS = Address(namespace="r", interface="eth1", address=ip_interface("10.1.0.1/30"))
DEFAULT = Route(namespace="h", prefix=ip_network("0.0.0.0/0"), via=ip_address("10.2.0.1"), interface="eth0")
LAB: tuple[Resource, ...] = (
    *(Namespace(name=name) for name in "rh"),
    *(Stack(namespace=name) for name in "rh"),
    ADDRESS,
    DEFAULT,
)
RULE = Foreign(namespace="r", what="ip rule", words="32765 blackhole to 10.0.0.0/8")


def by_key(*resources: Resource) -> dict[Key, Resource]:
    return {resource.key: resource for resource in resources}


def route(prefix: str, namespace: str = "r") -> Foreign:
    return Foreign(namespace=namespace, what="route", words=prefix, prefix=ip_network(prefix))


def test_it_is_shown_and_stays() -> None:
    planned = plan(by_key(*LAB), by_key(*LAB, RULE))
    assert (planned.operations, planned.foreign, planned.harmful) == ((), (RULE,), (RULE,))


@pytest.mark.parametrize(
    ("prefix", "namespace", "is_harmful"),
    [
        ("10.1.0.0/30", "r", True),
        ("10.1.0.2/32", "h", True),
        ("10.1.0.0/29", "r", False),
        ("192.0.2.0/24", "r", False),
        ("0.0.0.0/0", "r", False),
        ("0.0.0.0/0", "h", True),
    ],
)
def test_a_route_does_harm_where_it_takes_packets_of_the_lab(
    prefix: str, namespace: str, is_harmful: bool
) -> None:
    foreign = route(prefix, namespace)
    planned = plan(by_key(*LAB), by_key(*LAB, foreign))
    assert planned.harmful == ((foreign,) if is_harmful else ())
    assert planned.foreign == (foreign,)


def test_an_address_that_lines_of_frr_give_is_not_foreign() -> None:
    lines = ("interface eth1", " ip address 192.0.2.1/24", " ipv6 address 2001:db8::1/64")
    daemon = FrrDaemon(namespace="r", daemon="mgmtd", config=lines)
    given = [
        Foreign(namespace="r", what="address", words=words)
        for words in ("192.0.2.1/24 on eth1", "2001:db8::1/64 on eth1", "192.0.2.2/24 on eth1")
    ]
    wanted, seen = by_key(*LAB, daemon), by_key(*LAB, daemon, *given)
    assert plan(wanted, seen).foreign == (given[2],)
    assert told(plan(exclusively(wanted), {**seen, **exclusively(by_key(*LAB))})) == [
        "delete r foreign address 192.0.2.2/24 on eth1: foreign"
    ]


def told(planned: Any) -> list[str]:
    return [f"{operation}: {operation.reason}" for operation in planned.operations]


def test_an_exclusive_namespace_holds_nothing_else() -> None:
    other = Foreign(namespace="h", what="link", words="dummy0", harmless=True)
    observed = by_key(*LAB, RULE, other)
    mine = by_key(*LAB, Namespace(name="r", exclusive=True))
    planned = plan(mine, observed)
    assert told(planned) == ["delete r foreign ip rule 32765 blackhole to 10.0.0.0/8: foreign"]
    assert (planned.foreign, planned.harmful) == ((other,), ())
    assert len(plan(exclusively(by_key(*LAB)), observed)) == 2


def test_what_is_missing_takes_its_place_back() -> None:
    foreign = route("0.0.0.0/0", "h")
    observed = by_key(*(r for r in LAB if r != DEFAULT), foreign)
    assert told(plan(by_key(*LAB), observed)) == [
        "delete h foreign route 0.0.0.0/0: it is in the place of route 0.0.0.0/0",
        "create h route 0.0.0.0/0: missing",
    ]


def test_it_goes_with_its_namespace() -> None:
    planned = plan({}, by_key(*LAB, RULE))
    assert told(planned) == ["delete h namespace: not wanted", "delete r namespace: not wanted"]
    assert planned.foreign == ()


def test_a_stack_comes_with_its_namespace_and_is_put_right() -> None:
    assert told(plan(by_key(Namespace(name="r"), Stack(namespace="r")), {})) == [
        "create r namespace: missing"
    ]
    down = Stack(namespace="r", lacks=("lo is down",))
    assert told(plan(by_key(*LAB), by_key(*LAB, down))) == ["update r stack: lo is down"]
    assert told(plan(by_key(Namespace(name="r")), by_key(Namespace(name="r"), down))) == []
