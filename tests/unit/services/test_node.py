"""Kernel settings of a node: nlan's own, what FRR's lines say of forwarding, and the user's over both."""

from __future__ import annotations

import pytest

from nlan.engines.base import Engines
from nlan.engines.frr.model import FrrRaw
from nlan.model import Node
from nlan.services.node.expand import settings
from nlan.services.router.model import Router

V4, V6 = "net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"


ENGINES = Engines.able()


def node(text: str, *, forwarding: bool = True, sysctls: dict[str, str] | None = None) -> Node:
    router = Router(raw=FrrRaw(text=text))
    return Node(name="r1", services=(router,), forwarding=forwarding, sysctls=sysctls or {})


def test_a_router_whose_ipv6_stands_in_frr_lines_forwards_it() -> None:
    assert settings(node("interface eth1\n ipv6 address 2001:db8::1/64"), ENGINES)[V6] == "1"
    assert V6 not in settings(node("interface eth1\n ip address 192.0.2.1/24"), ENGINES)


@pytest.mark.parametrize(
    ("text", "v4", "v6"),
    [
        ("no ip forwarding", "0", None),
        ("no ip forw", "0", None),
        ("no ipv6 forwarding", "1", "0"),
        ("no ip forwarding\nno ipv6 forwarding\nip forwarding", "1", "0"),
        ("interface eth1\n description forwarding\nexit\nip forwarding", "1", None),
    ],
)
def test_frr_lines_switch_forwarding(text: str, v4: str, v6: str | None) -> None:
    found = settings(node(text), ENGINES)
    assert (found[V4], found.get(V6)) == (v4, v6)


def test_frr_lines_switch_it_on_where_nlan_would_not() -> None:
    assert settings(node("ip forwarding", forwarding=False), ENGINES)[V4] == "1"


def test_a_setting_of_the_users_wins() -> None:
    assert settings(node("no ip forwarding", sysctls={V4: "1"}), ENGINES)[V4] == "1"
