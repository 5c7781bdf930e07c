"""Interfaces that nodes name: what they become, which segments they make, and what passes them whole."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import pytest

from nlan.expand import expand
from nlan.kinds.device import KIND, Device
from nlan.kinds.fdb import FdbEntry
from nlan.kinds.vxlan import Vxlan
from nlan.model import Lab
from nlan.model.segments import segments_of
from nlan.resources import Resource
from nlan.schema import load
from nlan.services.interfaces.model import Devices
from nlan.services.router.model import Router


def lab(first: str, second: str = "", more: str = "links: [r1 -- r2]") -> Lab:
    nodes = f"nodes:\n  r1: {{interfaces: {{{first}}}}}\n  r2: {{interfaces: {{{second}}}}}\n"
    return load(Path("lab.yaml"), text=nodes + more).lab


def made(lab: Lab, namespace: str = "r1") -> list[Resource]:
    kinds = (Device, Vxlan, FdbEntry)
    return [one for one in expand(lab).values() if isinstance(one, kinds) and one.namespace == namespace]


def test_ends_are_the_nodes_on_the_underlay() -> None:
    (gre,) = made(lab("gre1: {mode: gre, remote: r2, key: 7}"))
    assert gre == Device(
        namespace="r1",
        name="gre1",
        type="gre",
        mtu=1500,
        local=ip_address("10.10.10.1"),
        remote=ip_address("10.10.10.2"),
        tunnel_key=7,
        ttl=64,
    )
    assert [feature.name for feature in KIND.needs(gre)] == ["gre"]


def test_a_vxlan_floods_to_its_other_end_alone() -> None:
    vxlan, entry = made(lab("vx1: {mode: vxlan, remote: r2, vni: 77, port: 8472}"))
    assert isinstance(vxlan, Vxlan)
    assert (vxlan.vni, vxlan.port, vxlan.master) == (77, 8472, "")
    assert entry == FdbEntry(namespace="r1", device="vx1", remote=ip_address("10.10.10.2"))


@pytest.mark.parametrize(("mode", "kind"), [("gre", "ip6gre"), ("gretap", "ip6gretap"), ("ipip", "ip6tnl")])
def test_over_ipv6_the_kernel_calls_it_otherwise(mode: str, kind: str) -> None:
    ends = "{r1: {address: '2001:db8::1/64'}, r2: {address: '2001:db8::2/64'}}"
    link = f"links: [{{link: r1 -- r2, mtu: 1500, ends: {ends}}}]"
    (found,) = made(lab(f"a: {{mode: {mode}, local: '2001:db8::1', remote: '2001:db8::2'}}", more=link))
    assert isinstance(found, Device)
    assert found.type == kind
    assert found.mtu == {"gre": 1456, "gretap": 1442, "ipip": 1460}[mode]


def test_a_vlan_passes_what_its_parent_does() -> None:
    vlan = lab("eth1.5: {mode: vlan, parent: eth1, vid: 5}", more="links: [{link: r1 -- r2, mtu: 9000}]")
    assert [device.mtu for device in vlan.node("r1").get(Devices).named] == [9000]


def test_both_ends_are_a_segment_and_routing_runs_on_it() -> None:
    first = "tap1: {mode: gretap, remote: r2, address: 192.0.2.1/30}"
    first += ", tap1.6: {mode: vlan, parent: tap1, vid: 6}, alone: {mode: dummy, address: 198.51.100.1/24}"
    second = "tap: {mode: gretap, remote: r1, address: 192.0.2.2/30}"
    second += ", tap.6: {mode: vlan, parent: tap, vid: 6}, tap.7: {mode: vlan, parent: tap, vid: 7}"
    found = lab(first, second, "links: []\nospf: true")
    segments = segments_of(found)
    assert segments["r1", "tap1"] == segments["r2", "tap"]
    assert segments["r1", "tap1.6"] == segments["r2", "tap.6"] != segments["r1", "tap1"]
    assert segments.keys() & {("r2", "tap.7"), ("r1", "alone")} == set()
    ospf = found.node("r1").get(Router).ospf
    assert ospf is not None
    passive = {interface.name: interface.passive for interface in ospf.interfaces}
    assert (passive["tap1"], passive["alone"]) == (False, True)
