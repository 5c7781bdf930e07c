"""Somebody else's kind of resource: on a fake kernel that it taught."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from nlan.engine import Engine
from nlan.kinds.base import SEAM, AnyKind
from nlan.kinds.namespace import Namespace
from nlan.netlink import wire
from nlan.netlink.channel import open_channel
from nlan.netlink.codec import Message
from nlan.registry import Registry
from nlan.resources import Key, Resource
from nlan.testing import FakeKernel, FakeNodes, UnexpectedError, fake_drivers
from nlan.testing.wire.lessons import Change
from nlan.testing.wire.request import Request
from plugins.installing import DISTRIBUTION

RTM_NEWNEXTHOP, RTM_GETNEXTHOP = 104, 106
"""Of next hops as objects of their own (ip-nexthop(8)), of which nlan knows nothing."""


@pytest.fixture
def ifb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give the distribution's module of the kind."""
    monkeypatch.syspath_prepend(str(DISTRIBUTION))
    from lookout import ifb

    yield ifb
    for name in [name for name in sys.modules if name.partition(".")[0] == "lookout"]:
        del sys.modules[name]


def state(*resources: Resource) -> dict[Key, Resource]:
    return {resource.key: resource for resource in resources}


def apply(place: FakeNodes, kinds: list[AnyKind], desired: dict[Key, Resource]) -> list[str]:
    """Bring a fake kernel there, and return what was done."""
    engine = Engine(fake_drivers(place, desired, kinds))
    planned = engine.plan(desired, place.namespaces())
    assert engine.apply(planned) == []
    assert not engine.plan(desired, place.namespaces())
    return [str(operation) for operation in planned.operations]


def test_it_works_on_a_fake_kernel_that_knows_its_links(ifb: Any) -> None:
    kinds: list[AnyKind] = [*Registry(()).of(SEAM).values(), ifb.KIND]
    kernel = FakeKernel()
    place = FakeNodes(kernel)
    flood = ifb.Ifb(namespace="r1", name="flood", mac="02:00:5e:00:53:01", mtu=1400)
    wider = ifb.Ifb(namespace="r1", name="flood", mac="02:00:5e:00:53:01", mtu=1500, up=False)
    with pytest.raises(UnexpectedError, match="a link of kind ifb is new to the fake kernel"):
        apply(place, kinds, state(Namespace(name="r1"), flood))

    kernel.lessons.links["ifb"] = ()
    assert apply(place, kinds, state(Namespace(name="r1"), flood)) == ["create r1 ifb flood"]
    assert apply(place, kinds, state(Namespace(name="r1"), wider)) == ["update r1 ifb flood"]
    assert "flood" in str(kernel)
    assert apply(place, kinds, state(Namespace(name="r1"))) == ["delete r1 ifb flood"]
    assert "flood" not in str(kernel)


def test_a_fake_kernel_can_be_taught_messages() -> None:
    kernel = FakeKernel()
    place = FakeNodes(kernel)
    place.create(["r1"])
    taken: list[bytes] = []

    def take(request: Request) -> None:
        taken.append(bytes(request.body))

    kernel.lessons.changes[RTM_NEWNEXTHOP] = Change("RTM_NEWNEXTHOP", take)
    kernel.lessons.lists[RTM_GETNEXTHOP] = lambda request: iter(taken)
    asked = Message(RTM_NEWNEXTHOP, wire.NLM_F_CREATE, b"next hop")
    with open_channel(place, "r1") as channel:
        assert channel.request([asked]) == [None]
        listed = [bytes(body) for _, body in channel.dump(Message(RTM_GETNEXTHOP, 0, b""))]
    assert listed == [b"next hop"]
