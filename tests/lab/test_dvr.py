"""Distributed routers: who reaches whom, by how many routers, and whose gateway hosts know.

A packet's TTL is 64 within a subnet and 63 across subnets, wherever hosts are.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import permutations

from support import Nlan

ALL_DVR = """
nodes: [a, b, c]
routers:
  r1:
    subnets: {red: 10.0.1.0/24, blue: 10.0.3.0/24, green: 192.168.100.0/24}
"""
HUB_AND_SPOKES = """
nodes: [a, b, c, d]
routers:
  r1:
    hub: a
    subnets: {red: 10.0.1.0/24, blue: 10.0.3.0/24}
"""
PRIVATE = """
nodes: [a, b, c]
routers:
  r1:
    hub: a
    mode: spoke_dvr
    subnets: {red: 10.0.1.0/24, blue: 10.0.3.0/24}
"""
ADDRESS = re.compile(r"from (\S+): icmp_seq=\d+ ttl=(\d+)")


def brought_up(nlan: Nlan, name: str, text: str) -> list[str]:
    """Bring a lab up, and return its hosts."""
    file = nlan.write(text)
    nlan("up", file, "--lab", name)
    nodes = nlan("show", file, "--lab", name, "--json").json["nodes"]
    return [
        f"{node['name']}/{host['addresses'][0].partition('/')[0]}"
        for node in nodes
        for subnet in node["dvr"]["subnets"]
        for host in subnet["hosts"]
    ]


def everywhere(nlan: Nlan, name: str, which: str, script: str) -> dict[str, str]:
    answers = nlan.run("exec", which, "-l", name, "--json", "--", "sh", "-c", script).json
    return {where: answer["stdout"] for where, answer in answers.items()}


def ttls(nlan: Nlan, name: str, hosts: Sequence[str], version: int = 4) -> dict[tuple[str, str], int]:
    """Return the TTL of what each host hears from each other one; 0 for nothing."""
    targets = [host.partition("/")[2] for host in hosts]
    script = " ".join(f"ping -n -c 1 -W 1 {target} &" for target in targets) + " wait"
    heard = {host: dict(ADDRESS.findall(out)) for host, out in everywhere(nlan, name, "*/*", script).items()}
    return {
        (host, target): int(heard[host].get(target, 0))
        for host in hosts
        for target in targets
        if target != host.partition("/")[2]
    }


def gateways(nlan: Nlan, name: str) -> Mapping[str, str]:
    """Return the MAC address that each host knows of its gateway."""
    script = "ip -json neigh show $(ip route show default | cut -d' ' -f3)"
    return {host: json.loads(out)[0]["lladdr"] for host, out in everywhere(nlan, name, "*/*", script).items()}


def bridges(nlan: Nlan, name: str, hosts: Sequence[str], nodes: str = "?") -> dict[str, str]:
    """Return the MAC address of the bridge that is the gateway of each host, in its node or in the hub."""
    found = everywhere(nlan, name, "?", "ip -json address show type bridge")
    by_subnet = {
        (node, address["local"].rpartition(".")[0]): link["address"]
        for node, out in found.items()
        for link in json.loads(out)
        for address in link["addr_info"]
        if address["family"] == "inet"
    }
    return {host: by_subnet[nodes.replace("?", host[0]), host[2:].rpartition(".")[0]] for host in hosts}


def test_each_node_routes_for_its_own_hosts(nlan: Nlan) -> None:
    """Nine hosts on three nodes reach each other, and never learn of another node's gateway."""
    name = nlan.name()
    hosts = brought_up(nlan, name, ALL_DVR)
    assert nlan.operations(nlan.write(ALL_DVR), "--lab", name) == []
    for _ in range(2):  # by then every router has asked for every host
        assert Counter(ttls(nlan, name, hosts).values()) == {63: 54, 64: 18}
    own = bridges(nlan, name, hosts)
    assert len(set(own.values())) == 9
    assert gateways(nlan, name) == own


def test_a_hub_routes_for_all_and_spokes_of_a_subnet_are_apart(nlan: Nlan) -> None:
    """Eight hosts on four nodes: by the hub across subnets, and from spoke to spoke in none."""
    name = nlan.name()
    hosts = brought_up(nlan, name, HUB_AND_SPOKES)
    found = ttls(nlan, name, hosts)
    assert Counter(found.values()) == {63: 32, 64: 12, 0: 12}
    spokes = [host for host in hosts if host[0] != "a"]
    pairs = ((one, other.partition("/")[2]) for one, other in permutations(spokes, 2))
    apart = {(one, other) for one, other in pairs if one[2:].rpartition(".")[0] == other.rpartition(".")[0]}
    assert {pair for pair, ttl in found.items() if not ttl} == apart
    assert gateways(nlan, name) == bridges(nlan, name, hosts, "a")


def test_spokes_route_to_private_destinations_themselves(nlan: Nlan) -> None:
    """Hosts know the hub alone, and its node is not asked where a destination is private."""
    name = nlan.name()
    hosts = brought_up(nlan, name, PRIVATE)
    for _ in range(2):
        assert Counter(ttls(nlan, name, hosts).values()) == {63: 18, 64: 12}
    assert gateways(nlan, name) == bridges(nlan, name, hosts, "a")
    nlan.inside(name, "a", "ip", "address", "add", "203.0.113.1/32", "dev", "lo")
    assert "ttl=64" in nlan.inside(name, hosts[-1], "ping", "-n", "-c", "1", "-W", "1", "203.0.113.1")
    nlan.inside(name, "a", "sysctl", "-qw", "net.ipv4.ip_forward=0")
    apart = [host for host in hosts if host[0] != "a"]
    assert Counter(ttls(nlan, name, apart).values()) == {63: 8, 64: 4}


EDITED = """
nodes: [a, b, c]
routers:
  r1:
    subnets:
      red: 10.0.1.0/24
      blue: 10.0.3.0/24
      {edited}
"""
EDITS = (
    "green: {prefix: 10.0.5.0/24}",
    "green: {prefix: 10.0.5.0/24, hub: a}",
    "green: {prefix: 10.0.5.0/24, hub: b, mode: spoke_dvr}",
    "green: {prefix: 10.0.5.0/24, gateway: 10.0.5.254/24, nodes: [a, b]}",
    "green: {prefix: 10.0.5.0/24, gateway: 10.0.5.254/24}",
)
"""A subnet more, a hub, another one and another mode, another gateway and a peer less, a peer more."""


def test_whatever_is_edited_others_lose_nothing(nlan: Nlan) -> None:
    """Pings within a subnet and across two, every 10 ms, while a third one comes, changes and goes."""
    name = nlan.name()
    first = brought_up(nlan, name, EDITED.format(edited=""))
    ttls(nlan, name, first)
    with (
        nlan.pinging(name, "a/10.0.1.2", "10.0.1.3", 0.01),
        nlan.pinging(name, "b/10.0.1.3", "10.0.3.4", 0.01),
    ):
        for text in EDITS:
            hosts = brought_up(nlan, name, EDITED.format(edited=text))
            assert nlan.operations(str(nlan.directory / "lab.yaml"), "--lab", name) == [], text
        ttls(nlan, name, hosts)
        assert Counter(ttls(nlan, name, hosts).values()) == {63: 54, 64: 18}
        nlan("up", nlan.write(EDITED.format(edited="")), "--lab", name)
    assert nlan.operations(str(nlan.directory / "lab.yaml"), "--lab", name) == []


DUAL = """
ipv6: true
nodes: [a, b, c]
routers:
  r1:
    subnets:
      red: {prefix: [10.0.1.0/24, "2001:db8:1::/64"]}
      blue: {prefix: [10.0.3.0/24, "2001:db8:3::/64"]}
      green: {prefix: "2001:db8:5::/64", mode: spoke_dvr, hub: a}
"""


def test_ipv6_is_as_ipv4(nlan: Nlan) -> None:
    """Each host's gateway is its own node's, by neighbour discovery too, whoever else spoke to it."""
    name = nlan.name()
    brought_up(nlan, name, DUAL)
    targets = [f"2001:db8:{net}::{number}" for net in (1, 3, 5) for number in (2, 3, 4)]
    script = " ".join(f"ping -n -c 1 -W 1 {target} &" for target in targets) + " wait"
    everywhere(nlan, name, "?", script)  # routers speak to hosts in their own name
    for _ in range(2):
        found = Counter(
            int(ttl)
            for out in everywhere(nlan, name, "*/*", script).values()
            for _, ttl in ADDRESS.findall(out)
        )
        assert found == {63: 54, 64: 27}  # the host itself among them
    own = {
        (node, one["ifname"]): one["address"]
        for node, out in everywhere(nlan, name, "?", "ip -json link show type bridge").items()
        for one in json.loads(out)
    }
    script = "ip -json neigh show $(ip -6 route show default | cut -d' ' -f3)"
    for host, out in everywhere(nlan, name, "*/*", script).items():
        number = {"10.0.1": 1, "10.0.3": 2}.get(host[2:].rpartition(".")[0], 3)
        routes = host[0] if number < 3 else "a"
        assert json.loads(out)[0]["lladdr"] == own[routes, f"br{number}"], host


def test_a_rule_that_somebody_changes_is_seen_and_put_back(nlan: Nlan) -> None:
    name = nlan.name()
    brought_up(nlan, name, ALL_DVR)
    nlan.inside(name, "a", "nft", "flush chain bridge nlan_dvr postrouting")
    drift = nlan("status", "--lab", name, "--json", code=1).json["drift"]["operations"]
    assert [(one["action"], one["kind"], one["namespace"]) for one in drift] == [("update", "nft", "a")]
    nlan("up", nlan.write(ALL_DVR), "--lab", name)
    assert "arp" in nlan.inside(name, "a", "nft", "list table bridge nlan_dvr")
    assert nlan.operations(nlan.write(ALL_DVR), "--lab", name) == []


LEASED = """
a:
  Dvr:
    Subnets:
    - Vni: 101
      IpDvr: [{Addr: 10.0.1.1/24, Mode: hub, Dhcp: enabled}]
      IpVhost: 10.0.1.101/24
      Peers: ["${b}"]
b:
  Dvr:
    Subnets:
    - Vni: 101
      IpDvr: [{Addr: 10.0.1.1/24, Mode: spoke}]
      IpVhost: 10.0.1.102/24
      Peers: ["${a}"]
"""


def test_a_hub_leases_addresses_to_hosts_behind_spokes(nlan: Nlan) -> None:
    name = nlan.name()
    nlan("up", nlan.write(LEASED), "--lab", name)
    asks = "busybox udhcpc -i eth0 -n -q -f -s /bin/true -t 10 -T 1 2>&1"
    said = nlan.inside(name, "b/10.0.1.102", "sh", "-c", asks)
    assert re.search(r"lease of 10\.0\.1\.\d+ obtained from 10\.0\.1\.1\b", said)


PORTS = """
nodes:
  a:
    dvr:
      subnets: {vni: 101, ip_dvr: {addr: 10.0.1.1/24, mode: dvr}, peers: "${b}", ports: [eth1]}
  b:
    dvr:
      subnets: {vni: 101, ip_dvr: {addr: 10.0.1.1/24, mode: dvr}, peers: "${a}", ip_vhost: 10.0.1.9/24}
  h: {gateway: 10.0.1.1}
links:
- {link: a -- h, ends: {h: 10.0.1.50/24}, addresses: false}
"""


def test_a_node_on_a_port_is_as_a_host(nlan: Nlan) -> None:
    """A node whose link is a port of a subnet reaches hosts behind other nodes, by its own one's gateway."""
    name = nlan.name()
    file = nlan.write(PORTS)
    nlan("up", file, "--lab", name)
    assert nlan.operations(file, "--lab", name) == []
    assert "ttl=64" in nlan.inside(name, "h", "ping", "-n", "-c", "1", "-W", "2", "10.0.1.9")
    assert "ttl=64" in nlan.inside(name, "h", "ping", "-n", "-c", "1", "-W", "2", "10.0.1.1")
    known = json.loads(nlan.inside(name, "h", "ip", "-json", "neigh", "show", "10.0.1.1"))
    link = json.loads(nlan.inside(name, "a", "ip", "-json", "link", "show", "br101"))
    assert known[0]["lladdr"] == link[0]["address"]
    nlan("up", nlan.write(PORTS.replace(", ports: [eth1]", "")), "--lab", name)
    assert "master" not in nlan.inside(name, "a", "ip", "link", "show", "eth1")
