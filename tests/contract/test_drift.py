"""What the kernel gives by itself and somebody takes away: seen and put right, on both kernels."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address

import pytest

from contract.sides import Side
from netns.support import by_key, create, delete, observe, observe_foreign, succeeded, update
from nlan.kinds.base import Driver
from nlan.kinds.stack import Stack
from nlan.netlink import codec, wire
from nlan.netlink.channel import open_channel
from nlan.netlink.codec import Message
from nlan.netlink.tables.links import change_link, group_link, link_body
from nlan.resources import Foreign, Resource
from samples import ADDRESS, BRIDGE, PAIR, VXLAN, with_

DELROUTE, NEWLINK, DELRULE, NEWRULE = 25, 16, 33, 32
STACK = Stack(namespace="a")


@pytest.fixture
def driver(side: Side) -> Driver:
    return side.driver("veth", {})


def said(side: Side, *messages: Message) -> None:
    """Tell the kernel something that is none of nlan's business."""
    with open_channel(side.place, "a") as channel:
        assert channel.request(messages) == [None] * len(messages)


def made(driver: Driver, *resources: Resource) -> None:
    for resource in resources:
        assert succeeded(create(driver, resource))


def rule(kind: int, priority: int, table: int) -> Message:
    flags = wire.NLM_F_CREATE | wire.NLM_F_EXCL if kind == NEWRULE else 0
    return Message(kind, flags, wire.RTMSG.pack(2, 0, 0, 0, table, 0, 0, 1, 0) + codec.u32(6, priority))


def setting(name: str, kind: str, number: int, value: bytes) -> Message:
    own = codec.nest(2, codec.attribute(number, value))
    return change_link(name, codec.nest(18, codec.text(1, kind), own))


def port_setting(name: str, number: int, value: int) -> Message:
    own = codec.nest(5, codec.u8(number, value))
    return change_link(name, codec.nest(18, codec.text(4, "bridge"), own))


def no_arp(name: str) -> Message:
    body = bytearray(link_body(name=name))
    body[8:16] = (0x80).to_bytes(4, "little") * 2
    return Message(NEWLINK, 0, bytes(body))


ODD = {
    "spanning tree": (BRIDGE, setting("br", "bridge", 5, b"\1\0\0\0"), "stp_state is 1, wanted 0"),
    "snooping": (BRIDGE, setting("br", "bridge", 23, b"\1"), "mcast_snooping is 1, wanted 0"),
    "learning": (VXLAN, setting("vxlan7", "vxlan", 7, b"\0"), "learning is 0, wanted 1"),
    "isolated": (VXLAN, port_setting("vxlan7", 33, 1), "port's isolated is 1, wanted 0"),
    "deaf": (VXLAN, port_setting("vxlan7", 8, 0), "port's learning is 0, wanted 1"),
    "no ARP": (PAIR, no_arp("eth1"), "arp is off, wanted on"),
}


@pytest.mark.parametrize("name", ODD)
def test_a_link_with_an_odd_setting(side: Side, driver: Driver, name: str) -> None:
    resource, message, words = ODD[name]
    made(driver, BRIDGE, VXLAN, PAIR)
    said(side, message)
    observed = observe(driver)[resource.key]
    difference = resource.difference(observed)
    assert difference is not None
    assert (difference.impact, difference.reason, difference.in_place) == ("hitless", words, True)
    assert succeeded(update(driver, resource, observed))
    assert observe(driver) == by_key(BRIDGE, VXLAN, PAIR)


def test_a_far_end_with_an_odd_setting(side: Side, driver: Driver) -> None:
    pair = with_(PAIR, namespace="b", name="eth2", peer_namespace="a", peer_name="eth1")
    made(driver, pair)
    said(side, no_arp("eth1"))
    observed = observe(driver)[pair.key]
    difference = pair.difference(observed)
    assert difference is not None
    assert difference.reason == "arp is off, wanted on at a eth1"
    assert succeeded(update(driver, pair, observed))
    assert observe(driver) == by_key(pair)


@pytest.mark.parametrize("resource", [BRIDGE, with_(VXLAN, master=""), PAIR])
def test_a_link_that_lost_its_mark_is_nlans_again(side: Side, driver: Driver, resource: Resource) -> None:
    made(driver, resource)
    said(side, group_link(resource.key.name, 0))
    assert resource.key not in observe(driver)
    assert succeeded(create(driver, resource))
    assert observe(driver) == by_key(resource)


def route_gone(prefix: IPv4Address, length: int, table: int) -> Message:
    header = wire.RTMSG.pack(2, length, 0, 0, table, 0, 255, 0, 0)
    return Message(DELROUTE, 0, header + codec.attribute(1, prefix.packed))


@pytest.mark.netns
@pytest.mark.parametrize(
    ("message", "words"),
    [
        (route_gone(IPv4Address("192.0.2.0"), 24, 254), "its connected route is missing"),
        (route_gone(IPv4Address("192.0.2.1"), 32, 255), "its local route is missing"),
    ],
)
def test_an_address_without_what_the_kernel_made(real: Side, message: Message, words: str) -> None:
    assert real.place.create(["a"]) == {}
    driver = real.driver("veth", {})
    made(driver, BRIDGE, ADDRESS)
    said(real, message)
    observed = observe(driver)[ADDRESS.key]
    difference = ADDRESS.difference(observed)
    assert difference is not None
    assert (difference.impact, difference.reason) == ("hitless", words)
    assert succeeded(update(driver, ADDRESS, observed))
    assert observe(driver) == by_key(BRIDGE, ADDRESS)
    assert succeeded(delete(driver, ADDRESS))
    assert real.look("a")["routes"] == {}, "the kernel takes back what nlan put back"


def lacking(driver: Driver, *words: str) -> Resource:
    """Check what of the stack is gone, and return it as observed."""
    observed = observe(driver)[STACK.key]
    difference = STACK.difference(observed)
    assert difference is not None
    assert (difference.impact, difference.reason) == ("hitless", ", ".join(words))
    return observed


STACKS: dict[str, tuple[Sequence[Message], Sequence[str]]] = {
    "loopback": ([change_link("lo", up=False)], ["lo is down"]),
    "local": ([rule(DELRULE, 0, 255)], ["ip rule 0 lookup local is missing"]),
    "two": (
        [rule(DELRULE, 32766, 254), change_link("lo", up=False)],
        ["lo is down", "ip rule 32766 lookup main is missing"],
    ),
}


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_that_is_not_whole(side: Side, driver: Driver, name: str) -> None:
    messages, words = STACKS[name]
    said(side, *messages)
    assert succeeded(update(driver, STACK, lacking(driver, *words)))
    assert observe(driver) == {}


def test_a_foreign_rule_is_shown_and_can_be_removed(side: Side, driver: Driver) -> None:
    said(side, rule(NEWRULE, 100, 254))
    assert observe_foreign(driver) == ["ip rule 100 lookup main"]
    (foreign,) = (r for r in observe(driver).values() if isinstance(r, Foreign))
    for _ in range(2):
        assert succeeded(delete(driver, foreign))
        assert observe(driver) == {}


def test_a_rule_that_moved_is_foreign_and_missed(side: Side, driver: Driver) -> None:
    said(side, rule(DELRULE, 32766, 254), rule(NEWRULE, 32765, 254))
    assert succeeded(update(driver, STACK, lacking(driver, "ip rule 32766 lookup main is missing")))
    assert observe_foreign(driver) == ["ip rule 32765 lookup main"]
