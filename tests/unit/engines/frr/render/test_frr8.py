"""FRR before version 9: no mgmtd, and loopbacks of the AS that it announces by way of OSPF."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

import msgspec

from nlan.engines.base import SEAM, Engines
from nlan.engines.frr.capabilities import ABLE, Capabilities
from nlan.engines.frr.render.frr8 import loopbacks_of_as
from nlan.engines.frr.resource import FrrDaemon
from nlan.expand import expand
from nlan.model import Lab, Node
from nlan.registry import Registry
from nlan.services.router.model import Bgp, BgpPeer, Ospf, Router

OLDER = Capabilities(manager=False)


def router(number: int, asn: int, **more: Any) -> Node:
    peer = BgpPeer(address=ip_address("192.0.2.9"), peer_asn=64499, families=("ipv4", "ipv6"))
    loopbacks = (ip_interface(f"10.0.0.{number}/32"), ip_interface(f"2001:db8::{number}/128"))
    bgp = Bgp(asn=asn, peers=(peer,), redistribute=("connected",))
    made = Router(loopbacks=loopbacks, **{"bgp": bgp, "ospf": Ospf(), **more})
    return Node(name=f"r{number}", services=(made,))


LAB = Lab(name="x", nodes=(router(1, 64496), router(2, 64496), router(3, 64497), Node(name="h")))


ENGINES = Registry(()).of(SEAM)


def daemons(lab: Lab, capabilities: Capabilities, node: str = "r1") -> dict[str, tuple[str, ...]]:
    desired = expand(lab, Engines(ENGINES, {"frr": capabilities}))
    found = [r for r in desired.values() if isinstance(r, FrrDaemon)]
    return {r.daemon: r.config or () for r in found if r.namespace == node}


def test_there_is_no_mgmtd() -> None:
    assert daemons(LAB, ABLE).keys() - daemons(LAB, OLDER).keys() == {"mgmtd"}


def test_the_loopbacks_are_those_of_the_others_in_the_as() -> None:
    assert list(map(str, loopbacks_of_as(LAB.nodes[0], LAB))) == ["10.0.0.2/32", "2001:db8::2/128"]
    by_network = Bgp(asn=64496, networks=(ip_network("10.0.0.2/32"),), redistribute=())
    lab = msgspec.structs.replace(LAB, nodes=(LAB.nodes[0], router(2, 64496, bgp=by_network)))
    assert list(map(str, loopbacks_of_as(lab.nodes[0], lab))) == ["10.0.0.2/32"]
    assert loopbacks_of_as(LAB.nodes[2], LAB) == loopbacks_of_as(LAB.nodes[3], LAB) == ()


def test_ospf_tells_bgp_of_them() -> None:
    newer, older = daemons(LAB, ABLE)["bgpd"], daemons(LAB, OLDER)["bgpd"]
    assert [line for line in older if line not in newer] == [
        "ip prefix-list nlan-routers seq 5 permit 10.0.0.2/32",
        "route-map nlan-routers-ip permit 10",
        " match ip address prefix-list nlan-routers",
        "ipv6 prefix-list nlan-routers seq 5 permit 2001:db8::2/128",
        "route-map nlan-routers-ipv6 permit 10",
        " match ipv6 address prefix-list nlan-routers",
        "  redistribute ospf route-map nlan-routers-ip",
        "  redistribute ospf6 route-map nlan-routers-ipv6",
    ]
    assert [line for line in newer if line not in older] == []


def test_nothing_is_added_where_it_would_say_nothing() -> None:
    alone = daemons(LAB, OLDER, "r3")["bgpd"]
    assert alone == daemons(LAB, ABLE, "r3")["bgpd"]
    without = msgspec.structs.replace(LAB, nodes=(router(1, 64496, ospf=None), *LAB.nodes[1:]))
    assert daemons(without, OLDER)["bgpd"] == daemons(without, ABLE)["bgpd"]
