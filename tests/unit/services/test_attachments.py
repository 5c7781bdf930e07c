"""Links of a node to what is no node, and links over VXLAN: what they become."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface
from pathlib import Path

from nlan.expand import expand
from nlan.kinds.address import Address
from nlan.kinds.fdb import FdbEntry
from nlan.kinds.macvlan import Macvlan
from nlan.kinds.nic import Nic, Origin
from nlan.kinds.tap import Tap
from nlan.kinds.vxlan import Vxlan
from nlan.model import Lab
from nlan.model.segments import segments_of
from nlan.plan import plan
from nlan.resources import HOST, Key, Resource
from nlan.schema import load
from nlan.services.attachments.model import Attachments

LINKS = """
nodes:
  r1:
    links:
      tap0: {address: 192.0.2.1/24, owner: nobody, mtu: 1400}
      lan0: {nic: enp3s0, mode: private}
      wan0: {type: nic, nic: enp4s0, address: 198.51.100.1/24}
      prog0: {type: macvtap, on: eth1}
  r2: {links: {lan0: {nic: enp3s0}, mv0: {on: "r1:eth1"}}}
links: [r1 -- r2]
"""


def lab(text: str) -> Lab:
    return load(Path("lab.yaml"), text=text).lab


def made(text: str, *kinds: type[Resource]) -> list[Resource]:
    return [resource for resource in expand(lab(text)).values() if isinstance(resource, kinds)]


def test_each_becomes_one_interface() -> None:
    found = made(LINKS, Tap, Macvlan, Nic)
    r1 = {resource.key.name: resource for resource in found if resource.key.namespace == "r1"}
    tap, lan, prog = r1["tap0"], r1["lan0"], r1["prog0"]
    assert isinstance(tap, Tap)
    assert (tap.owner, tap.mtu) == ("nobody", 1400)
    assert isinstance(lan, Macvlan)
    assert (lan.on_namespace, lan.on, lan.mode, lan.is_tap) == (HOST, "enp3s0", "private", False)
    assert isinstance(prog, Macvlan)
    assert (prog.on_namespace, prog.on, prog.is_tap) == ("r1", "eth1", True)
    assert r1["wan0"] == Nic(namespace="r1", name="wan0", nic="enp4s0")
    assert len({getattr(one, "mac", one.key) for one in found}) == len(found)
    addresses = {(r.interface, str(r.address)) for r in made(LINKS, Address) if isinstance(r, Address)}
    assert addresses >= {("tap0", "192.0.2.1/24"), ("wan0", "198.51.100.1/24")}


def test_macvlans_are_on_the_segment_of_what_they_are_on() -> None:
    segments = segments_of(lab(LINKS))
    assert segments["r1", "lan0"] == segments["r2", "lan0"]
    assert segments["r2", "mv0"] == segments["r1", "prog0"] == segments["r2", "eth1"]


VXLAN = """
nodes: [r1, r2]
links:
- r1 -- r2
- {link: r1 -- r2, type: vxlan, mtu: 1400}
- {link: r1 -- r2, type: l2vpn}
- {link: r1 -- r2, type: vxlan, vni: 1, addresses: false}
"""


def test_a_link_over_vxlan_is_a_device_at_each_end_and_no_bridge() -> None:
    found = lab(VXLAN)
    tunnels = {n.name: [(t.interface, t.vni) for t in n.get(Attachments).tunnels] for n in found.nodes}
    assert tunnels == {"r1": [("eth2", 2), ("eth3", 1)], "r2": [("eth2", 2), ("eth3", 1)]}
    (device,) = (v for v in made(VXLAN, Vxlan) if v.key == Key("vxlan", "r1", "eth2"))
    assert isinstance(device, Vxlan)
    assert (device.master, device.mtu, device.local) == ("", 1400, ip_address("10.10.10.1"))
    assert FdbEntry(namespace="r1", device="eth2", remote=ip_address("10.10.10.2")) in made(VXLAN, FdbEntry)
    assert found.node("r1").interfaces[1].addresses != ()
    assert found.node("r1").interfaces[2].addresses == ()
    assert segments_of(found)["r1", "eth2"] == segments_of(found)["r2", "eth2"]


def test_a_nic_is_given_back_before_its_node_goes() -> None:
    text = "nodes: {r1: {links: {wan0: {type: nic, nic: enp4s0, address: 192.0.2.1/24}}}}\n"
    there = expand(lab(text))
    words = [str(operation) for operation in plan({}, there).operations]
    assert [word for word in words if "r1" in word] == ["delete r1 nic wan0", "delete r1 namespace"]


def test_how_a_nic_was_is_written_on_it() -> None:
    origin = Origin(up=True, mtu=9000, group=3, space=4026531840, name="enp4s0")
    assert origin.text() == "nlan-nic 1 9000 3 4026531840 enp4s0"


def test_addresses_alone_are_a_taps() -> None:
    (tap,) = (
        lab("nodes: {r1: {links: {tap0: [192.0.2.1/24, '2001:db8::1/64']}}}")
        .node("r1")
        .get(Attachments)
        .ports
    )
    assert (tap.type, tap.addresses) == (
        "tap",
        (ip_interface("192.0.2.1/24"), ip_interface("2001:db8::1/64")),
    )
