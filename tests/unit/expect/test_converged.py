"""The expectation of a lab is what all its services expect."""

from __future__ import annotations

from ipaddress import ip_network

from nlan.expect import Expectation, Hindrance, Session, expectation
from nlan.expect.hindrances import summary
from nlan.expect.segments import Topology
from nlan.model import Lab, Node
from nlan.registry import Part, Registry
from nlan.services.base import Service, Stage
from nlan.services.router.model import Router

LAB = Lab(name="lab", nodes=(Node(name="a"), Node(name="b", services=(Router(),))))
PREFIX, OTHER = ip_network("192.0.2.0/24"), ip_network("198.51.100.0/24")


class Uplinks(Service):
    """A stranger's: every node has a route, and what is written of one cannot come up."""

    name = "uplinks"
    stage = Stage.PROGRAMS

    def expect(self, topology: Topology) -> Expectation:
        """Return them."""
        return Expectation(
            sessions=(Session("a", "192.0.2.1", "b"),),
            routes=dict.fromkeys(topology.nodes, frozenset((PREFIX,))),
            hindrances=(Hindrance("LDP adjacency", "no label", "a", "b", "a has no label"),),
        )


UPLINKS = Uplinks()
WITH_UPLINKS = Registry([Part("services", "uplinks", "stranger 1", f"{__name__}:UPLINKS")])


def test_a_stranger_s_service_is_in_the_expectation() -> None:
    found = expectation(LAB, registry=WITH_UPLINKS)
    assert found.sessions == (Session("a", "192.0.2.1", "b"),)
    assert found.routes == {"a": frozenset((PREFIX,)), "b": frozenset((PREFIX,))}
    assert found.exact
    assert summary(found.hindrances) == "1 LDP adjacency cannot come up: no label"
    assert summary(found.hindrances * 2) == "2 LDP adjacencies cannot come up: no label"


def test_what_two_services_expect_is_joined() -> None:
    one = Expectation(
        sessions=(Session("b", "192.0.2.2", "a"),),
        adjacencies={4: {("a", "eth1"): 1}},
        routes={"a": frozenset((PREFIX,))},
    )
    other = Expectation(
        sessions=(Session("a", "192.0.2.1", "b"), Session("b", "192.0.2.2", "a")),
        adjacencies={4: {("b", "eth1"): 1}, 6: {("a", "eth1"): 2}},
        routes={"a": frozenset((OTHER,)), "b": frozenset((OTHER,))},
        exact=False,
        raw=("b",),
    )
    assert one | other == Expectation(
        sessions=(Session("a", "192.0.2.1", "b"), Session("b", "192.0.2.2", "a")),
        adjacencies={4: {("a", "eth1"): 1, ("b", "eth1"): 1}, 6: {("a", "eth1"): 2}},
        routes={"a": frozenset((PREFIX, OTHER)), "b": frozenset((OTHER,))},
        exact=False,
        raw=("b",),
    )
