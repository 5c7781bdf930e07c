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
