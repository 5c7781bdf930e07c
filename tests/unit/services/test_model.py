"""What nodes hold by type, and how it is stored."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface
from typing import ClassVar

import pytest

from nlan.engines.frr.model import FrrRaw
from nlan.model import Lab, Node, ServiceModel, from_json, to_builtins, to_json
from nlan.model.stored import Stored
from nlan.services.ptn.model import L2Vpn, Ptn, PtnNetwork
from nlan.services.router.model import Raw, Router
from nlan.services.vhosts.model import VhostLan, Vhosts

VPN = L2Vpn(vni=7, addresses=(ip_interface("192.0.2.1/24"),))
PTN = Ptn(networks=(PtnNetwork(name="wan", local=ip_address("198.51.100.1"), l2vpns=(VPN,)),))
LANS = Vhosts(lans=(VhostLan(gateway=ip_interface("203.0.113.1/24")),))
ROUTER = Router(loopbacks=(ip_interface("192.0.2.9/32"),))
NODE = Node(name="a", services=(LANS, ROUTER, PTN))


class Tag(ServiceModel, frozen=True, kw_only=True):
    """A stranger's."""

    key: ClassVar[str] = "tag"
    colour: str = ""


def test_a_node_holds_its_services_by_type() -> None:
    assert (NODE.find(Router), NODE.get(Ptn).l2vpns) == (ROUTER, (VPN,))
    bare = Node(name="b")
    assert (bare.find(Router), bare.get(Router), bare.get(Vhosts).lans) == (None, Router(), ())
    assert Node(name="a", services=(ROUTER, PTN, LANS)) == NODE
    assert bare.having(Router()).having(ROUTER).services == (ROUTER,)


def test_services_stand_under_their_own_keys_as_older_versions_wrote_them() -> None:
    written = to_builtins(Lab(name="x", nodes=(NODE,)))
    assert written == {
        "name": "x",
        "nodes": [
            {
                "name": "a",
                "ptn": [
                    {
                        "name": "wan",
                        "local": "198.51.100.1",
                        "l2vpns": [{"vni": 7, "addresses": ["192.0.2.1/24"]}],
                    }
                ],
                "vhosts": [{"gateway": "203.0.113.1/24"}],
                "router": {"loopbacks": ["192.0.2.9/32"]},
            }
        ],
    }
    assert list(written["nodes"][0]) == ["name", "ptn", "vhosts", "router"]
    assert from_json(written, Lab) == Lab(name="x", nodes=(NODE,))
    assert from_json(to_json(NODE), Node) == NODE


def test_a_stranger_s_service_is_written_and_read_as_own_ones_are() -> None:
    forms = Stored((Router, Tag))
    node = Node(name="a", services=(ROUTER, Tag(colour="red")))
    assert forms.read(forms.write(node)) == node
    assert to_builtins(forms.write(node))["tag"] == {"colour": "red"}


class Lines(Raw, frozen=True, kw_only=True):
    """What a stranger's engine takes."""

    key: ClassVar[str] = "lines"
    title: ClassVar[str] = "Lines"


def test_what_a_router_holds_for_an_engine_stands_under_the_engines_key() -> None:
    forms = Stored((Router,), (FrrRaw, Lines))
    for raw in (Lines(text="a"), FrrRaw(text="b", only=True), None):
        router = Router(loopbacks=ROUTER.loopbacks, raw=raw)
        node = Node(name="a", services=(router,))
        written = to_builtins(forms.write(node))["router"]
        assert written.get("lines", written.get("frr")) == (to_builtins(raw) if raw else None)
        assert forms.read(forms.write(node)) == node
        assert (router.find(Lines), router.find(FrrRaw)) == (
            raw if type(raw) is Lines else None,
            raw if type(raw) is FrrRaw else None,
        )


def test_what_no_service_knows_is_not_read() -> None:
    with pytest.raises(Exception, match="tag"):
        from_json({"name": "a", "tag": {}}, Node)


def test_interfaces_come_loopback_first() -> None:
    assert [name for name, _ in NODE.held()] == ["lo", "int_br7", "br_203.0.113.1"]
