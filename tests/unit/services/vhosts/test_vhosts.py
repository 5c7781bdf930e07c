"""Hosts behind a node: one namespace each, an address and a default route of every family of the LAN."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

from nlan.expand import expand
from nlan.kinds.address import Address
from nlan.kinds.namespace import Namespace
from nlan.kinds.route import Route
from nlan.kinds.sysctl import Sysctl
from nlan.kinds.veth import Veth
from nlan.model import Interface, Lab, Node
from nlan.services.node.expand import hosts_text
from nlan.services.ptn.model import L2Vpn, Ptn, PtnNetwork, VpnHost
from nlan.services.router.model import Router
from nlan.services.vhosts.model import VhostLan, Vhosts

FOUR = VhostLan(gateway=ip_interface("172.21.1.1/24"), hosts=(ip_interface("172.21.1.2/24"),))
BOTH = VhostLan(
    gateway=ip_interface("172.21.1.1/24"),
    hosts=(ip_interface("172.21.1.2/24"), ip_interface("172.21.1.3/24")),
    gateway6=ip_interface("2001:db8:3:1::1/64"),
    hosts6=(ip_interface("2001:db8:3:1::2/64"), ip_interface("2001:db8:3:1::3/64")),
)


def lab(*lans: VhostLan) -> Lab:
    return Lab(
        name="x",
        nodes=(
            Node(
                name="ce1",
                services=(
                    Vhosts(lans=lans),
                    Router(),
                ),
                forwarding=True,
            ),
        ),
    )


def of(lab: Lab, namespace: str) -> set[str]:
    found = [r for r in expand(lab).values() if r.key.namespace == namespace]
    addresses = {f"{r.interface} {r.address}" for r in found if isinstance(r, Address)}
    return addresses | {f"{r.prefix} via {r.via} {r.interface}" for r in found if isinstance(r, Route)}


def test_a_host_of_both_families_is_one_host() -> None:
    desired = expand(lab(BOTH))
    names = [r.name for r in desired.values() if isinstance(r, Namespace)]
    assert names == ["ce1", "ce1/172.21.1.2", "ce1/172.21.1.3"]
    assert len([r for r in desired.values() if isinstance(r, Veth)]) == 2
    assert of(lab(BOTH), "ce1/172.21.1.3") == {
        "eth0 172.21.1.3/24",
        "eth0 2001:db8:3:1::3/64",
        "0.0.0.0/0 via 172.21.1.1 eth0",
        "::/0 via 2001:db8:3:1::1 eth0",
    }
    assert of(lab(BOTH), "ce1") == {"br_172.21.1.1 172.21.1.1/24", "br_172.21.1.1 2001:db8:3:1::1/64"}
    forwarding = [r for r in desired.values() if isinstance(r, Sysctl) and r.name.endswith("all/forwarding")]
    assert [(r.namespace, r.name) for r in forwarding] == [("ce1", "net/ipv6/conf/all/forwarding")]


def test_the_second_family_adds_to_what_the_first_one_has() -> None:
    before, after = expand(lab(FOUR)), expand(lab(BOTH))
    changes = {key.kind for key in before if after.get(key) != before[key]}
    assert changes <= {"hosts", "frr"}  # the daemons start after one address more


def test_a_host_without_the_second_family_has_one_route() -> None:
    short = VhostLan(
        gateway=BOTH.gateway, hosts=BOTH.hosts, gateway6=BOTH.gateway6, hosts6=(BOTH.hosts6 or ())[:1]
    )
    assert of(lab(short), "ce1/172.21.1.3") == {"eth0 172.21.1.3/24", "0.0.0.0/0 via 172.21.1.1 eth0"}


def test_a_name_stands_for_an_address_of_each_family() -> None:
    link = Interface(name="eth1", addresses=tuple(map(ip_interface, ("10.1.0.1/30", "2001:db8:1::1/64"))))
    r1 = Node(name="r1", interfaces=(link,), services=(Router(loopbacks=(ip_interface("10.0.0.1/32"),)),))
    text = hosts_text(Lab(name="x", nodes=(r1, *lab(FOUR).nodes, Node(name="bare"))))
    assert text.splitlines()[2:] == ["10.0.0.1 r1", "2001:db8:1::1 r1", "172.21.1.1 ce1"]


def test_a_host_of_an_l2vpn_is_behind_its_bridge() -> None:
    host = VpnHost(addresses=(ip_interface("192.0.2.9/24"),), gateways=(ip_address("192.0.2.1"),))
    network = PtnNetwork(name="n", local=ip_address("10.10.10.1"), l2vpns=(L2Vpn(vni=5, hosts=(host,)),))
    found = Lab(name="x", nodes=(Node(name="pe1", services=(Ptn(networks=(network,)),)),))
    assert of(found, "pe1/192.0.2.9") == {"eth0 192.0.2.9/24", "0.0.0.0/0 via 192.0.2.1 eth0"}
    (veth,) = (r for r in expand(found).values() if isinstance(r, Veth))
    assert (veth.peer_namespace, veth.peer_master) == ("pe1", "int_br5")
