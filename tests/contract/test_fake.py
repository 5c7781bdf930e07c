"""The fake kernel complains of what it does not know, prints what it holds, and fails on order."""

from __future__ import annotations

import errno
import socket

import pytest

from contract.sides import Fake
from netns.support import create, delete, succeeded
from nlan.errors import HostError, NlanError
from nlan.netlink import codec, wire
from nlan.netlink.channel import Channel, open_channel
from nlan.netlink.codec import Message
from nlan.netlink.tables.links import change_link, create_link, link_body
from nlan.testing import FakeKernel, FakeNodes, KilledError, UnexpectedError
from samples import ADDRESS, ADDRESS6, BRIDGE, ENTRY, LIMITS, PAIR, ROUTE, SWITCH, VXLAN, with_

NEWLINK, SETLINK, NEWADDR, GETROUTE, GETRULE = 16, 19, 20, 26, 34
IFLA_TXQLEN, IFLA_MTU = 13, 4


@pytest.fixture
def place() -> FakeNodes:
    place = FakeNodes(FakeKernel())
    assert place.create(["a", "b"]) == {}
    return place


@pytest.fixture
def channel(place: FakeNodes) -> Channel:
    return open_channel(place, "a")


@pytest.mark.parametrize(
    "message",
    [
        Message(SETLINK, 0, link_body(name="lo")),
        Message(NEWLINK, wire.NLM_F_CREATE, link_body(name="x")),
        change_link("lo", codec.u32(IFLA_TXQLEN, 10)),
        create_link("x", "macvlan", codec.attribute(1, bytes(6)), codec.u32(4, 1500), codec.u32(27, 0)),
        Message(NEWADDR, wire.NLM_F_CREATE, bytes(8)),
    ],
    ids=["type", "flags", "attribute", "kind of link", "flags of an address"],
)
def test_what_nlan_never_sent_is_complained_of(channel: Channel, message: Message) -> None:
    with pytest.raises(UnexpectedError):
        channel.request([message])


def test_an_unknown_question_is_complained_of(channel: Channel) -> None:
    with pytest.raises(UnexpectedError):
        channel.dump(Message(GETRULE, 0, bytes(8)))


def test_complaints_are_no_errors_that_nlan_handles(place: FakeNodes) -> None:
    assert not issubclass(UnexpectedError, NlanError)
    for ask in (
        lambda: place.inside("a"),
        lambda: place.spawn("a", ["true"]),
        lambda: place.make_directory("a"),
        lambda: place.open_socket("a", socket.AF_INET, socket.SOCK_DGRAM),
    ):
        with pytest.raises(UnexpectedError):
            ask()


def test_a_namespace_that_does_not_exist_is_the_places_error(place: FakeNodes) -> None:
    for ask in (place.netns_fd, lambda name: open_channel(place, name)):
        with pytest.raises(
            HostError, match="gone: its namespace cannot be opened: No such file or directory"
        ):
            ask("gone")


def test_a_closed_socket_and_an_answer_nobody_sends_are_told(place: FakeNodes) -> None:
    opened = place.open_socket("a", socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    with pytest.raises(UnexpectedError):
        opened.recv(65536)
    opened.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        opened.send(b"")


def test_text() -> None:
    fake = Fake()
    assert fake.place.create(["a", "b"]) == {}
    fake.add_namespace("theirs")
    for resource in (SWITCH, BRIDGE, PAIR, VXLAN, ENTRY, ADDRESS, ADDRESS6, ROUTE, LIMITS):
        assert succeeded(create(fake.driver(resource.kind, {}), resource))
    fake.add_bridge("b", "other")
    assert str(fake.kernel) == TEXT
    again = Fake()
    assert again.place.create(["b", "a"]) == {}
    again.add_bridge("b", "other")
    again.add_namespace("theirs")
    for resource in (LIMITS, with_(BRIDGE, name="x"), PAIR, BRIDGE, ADDRESS6, ADDRESS, ROUTE, VXLAN, ENTRY):
        assert succeeded(create(again.driver(resource.kind, {}), resource))
    assert succeeded(delete(again.driver("bridge", {}), with_(BRIDGE, name="x")))
    assert succeeded(create(again.driver("sysctl", {}), SWITCH))
    assert str(again.kernel) == TEXT, "the way to a state shows"


TEXT = """\
namespace a
  link br bridge, up, mtu 1500, mac 02:00:5e:00:53:01
    address 192.0.2.1/24
    address 2001:db8::1/64
  link eth1 veth, up, mtu 1500, mac 02:00:5e:00:53:11, to b eth2
  link vxlan7 vxlan, up, mtu 1500, mac 02:00:5e:00:53:41, port of br
    vni 7 local 192.0.2.1 port 4789
    floods to 192.0.2.2
  route 192.0.2.0/24 dev br proto kernel
  route 2001:db8::/64 dev br proto kernel
  route 203.0.113.0/24 via 192.0.2.254 dev br proto nlan
  sysctl net/ipv4/ip_forward 1
namespace b
  link eth2 veth, up, mtu 1500, mac 02:00:5e:00:53:12, to a eth1
  link other bridge, down, mtu 1500, mac 02:00:5e:00:53:f0, not nlan's
namespace theirs, not nlan's
limits a: cpu 0.3, pids 17
"""


def test_the_ordered_change_fails_once(place: FakeNodes) -> None:
    kernel = place.kernel
    with open_channel(place, "a") as channel:
        good = change_link("lo", up=True)
        kernel.faults.fail_at(1, errno.EPERM)
        answers = channel.request([good, good, good])
        assert [answer and answer.errno for answer in answers] == [None, errno.EPERM, None]
        assert kernel.faults.fault == "RTM_NEWLINK in a"
        assert channel.request([good] * 3) == [None] * 3


def test_a_call_is_carried_out_whole_before_its_caller_dies(place: FakeNodes) -> None:
    kernel = place.kernel
    with open_channel(place, "a") as channel:
        kernel.faults.kill_at(3)
        assert channel.request([change_link("lo", codec.u32(IFLA_MTU, 1400))]) == [None]
        with pytest.raises(KilledError):
            channel.request([change_link("lo", codec.u32(IFLA_MTU, mtu)) for mtu in (1401, 1402, 1403)])
    assert kernel.netns("a").links["lo"].mtu == 1400
