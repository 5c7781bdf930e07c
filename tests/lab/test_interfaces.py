"""Interfaces that nodes name, in a lab that runs: made, changed in place, repaired, refused, gone."""

from __future__ import annotations

import pytest

from nlan.api.doctor.features import missing
from nlan.kinds.device import KIND
from support import Machine, Nlan

LAB = """
nodes:
  r1:
    interfaces: {{vx1: {{mode: vxlan, remote: {remote}, vni: 77, mtu: {mtu}, address: 198.51.100.1/24}}}}
  r2:
    interfaces: {{vx1: {{mode: vxlan, remote: r1, vni: 77, address: 198.51.100.2/24}}}}
  r3:
    interfaces: {{vx1: {{mode: vxlan, remote: r1, vni: 77, address: 198.51.100.3/24}}}}
links: []
"""
GRE = "nodes: {r1: {interfaces: {gre1: {mode: gre, remote: 192.0.2.1}}}}"


def lab(nlan: Nlan, mtu: int = 1450, remote: str = "r2") -> str:
    return nlan.write(LAB.format(mtu=mtu, remote=remote))


def test_a_tunnel_is_changed_and_repaired_in_place(nlan: Nlan) -> None:
    name = nlan.name()
    before = Machine.look(name)
    nlan("up", lab(nlan), "--lab", name)
    nlan.inside(name, "r1", "ping", "-n", "-q", "-c", "1", "198.51.100.2")
    nlan.inside(name, "r1", "ping", "-n", "-q", "-c", "1", "-W", "1", "198.51.100.3", code=1)
    assert nlan.operations(lab(nlan), "--lab", name) == []
    with nlan.pinging(name, "r1", "198.51.100.2"):
        assert nlan.operations(lab(nlan, mtu=1400), "--lab", name) == ["~ r1 vxlan vx1 [hitless]"]
        nlan("up", lab(nlan, mtu=1400), "--lab", name)
        nlan.inside(name, "r1", "ip", "link", "set", "vx1", "mtu", "1300")
        assert nlan.operations(lab(nlan, mtu=1400), "--lab", name) == ["~ r1 vxlan vx1 [hitless]"]
        nlan("up", lab(nlan, mtu=1400), "--lab", name)
    moved = lab(nlan, mtu=1400, remote="r3")
    assert sorted(nlan.operations(moved, "--lab", name)) == [
        "+ r1 fdb vx1 10.10.10.3 [hitless]",
        "- r1 fdb vx1 10.10.10.2 [outage]",
    ]
    nlan("up", moved, "--lab", name)
    # Whom nobody answered for stays unreachable until the kernel gives up asking, whoever answers meanwhile.
    nlan.inside(name, "r1", "ip", "neigh", "flush", "dev", "vx1")
    nlan.inside(name, "r1", "ping", "-n", "-q", "-c", "1", "198.51.100.3")
    nlan("down", name)
    before.same(name)


def test_what_the_kernel_lacks_is_refused_before_anything_is_touched(nlan: Nlan) -> None:
    if not any(feature.name == "gre" for feature in missing(KIND.features)):
        pytest.skip("this kernel makes gre links, and tests/vm/interfaces.py tries them")
    name = nlan.name()
    before = Machine.look(name)
    refused = nlan("up", nlan.write(GRE), "--lab", name, code=1).err
    assert "r1: needs tunnels of packets (RFC 2784), and this kernel cannot make a gre link" in refused
    assert "nothing was touched" in refused
    before.same(name)
