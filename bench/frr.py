"""How fast nine FRR routers are up, converged and gone, and what they cost.

    python bench/frr.py [bgp|ospf] [--timers standard] [--idle SECONDS] [--runs N]

Needs root. The wires are plain veth pairs and a bridge, so that FRR alone is measured.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from nlan.api.environment.nodes import open_nodes
from nlan.engines.frr.render.daemons import frr_daemons
from nlan.engines.frr.resource import FrrDaemon
from nlan.engines.frr.run import FrrDriver
from nlan.model import Interface, Node
from nlan.paths import Paths
from nlan.plan import Operation
from nlan.runtimes.netns.runtime import NetnsRuntime
from nlan.services.router.model import Bgp, BgpPeer, Ospf, OspfArea, OspfInterface, Router

LAB = "fbench"
PES = ["pe1", "pe2", "pe3", "pe4", "rr"]
LINKS = [("pe1", "ce1"), ("pe2", "ce1"), ("pe1", "ce2"), ("pe2", "ce2")]
LINKS += [("pe3", "ce3"), ("pe4", "ce3"), ("pe3", "ce4"), ("pe4", "ce4")]
NODES = [*PES, "ce1", "ce2", "ce3", "ce4"]


def sh(*lines: str) -> None:
    batch = "\n".join(lines)
    subprocess.run(["sh", "-e"], input=batch, text=True, check=True)


def wires() -> dict[str, list[tuple[str, str, str]]]:
    """Make links; return interface, address and peer node's name per node."""
    ends: dict[str, list[tuple[str, str, str]]] = {name: [] for name in NODES}
    lines = [f"ip -n {LAB}.sw link add sw0 type bridge", f"ip -n {LAB}.sw link set sw0 up"]
    for i, pe in enumerate(PES):
        lines += [f"ip -n {LAB}.{pe} link add wan type veth peer name p{i} netns {LAB}.sw"]
        lines += [f"ip -n {LAB}.sw link set p{i} master sw0 up", f"ip -n {LAB}.{pe} link set wan up"]
        ends[pe].append(("wan", f"10.200.1.{101 + i}/24", ""))
    for i, (pe, ce) in enumerate(LINKS):
        lines += [f"ip -n {LAB}.{pe} link add {ce} type veth peer name {pe} netns {LAB}.{ce}"]
        lines += [f"ip -n {LAB}.{pe} link set {ce} up", f"ip -n {LAB}.{ce} link set {pe} up"]
        ends[pe].append((ce, f"10.201.{i}.1/24", ce))
        ends[ce].append((pe, f"10.201.{i}.2/24", pe))
    for i, name in enumerate(NODES):
        lines += [f"ip -n {LAB}.{name} addr add 10.1.1.{i + 1}/32 dev lo"]
        for interface, address, _ in ends[name]:
            lines += [f"ip -n {LAB}.{name} addr add {address} dev {interface}"]
            lines += [f"ip -n {LAB}.{name} link show dev {interface} >/dev/null"]
    sh(*lines)
    return ends


def models(ends: dict[str, list[tuple[str, str, str]]], protocol: str) -> list[Node]:
    asns = {name: 100 if name in PES else 1000 + int(name[2:]) for name in NODES}
    nodes = []
    for i, name in enumerate(NODES):
        loopback = ipaddress.ip_interface(f"10.1.1.{i + 1}/32")
        interfaces = tuple(
            Interface(name=n, addresses=(ipaddress.ip_interface(a),)) for n, a, _ in ends[name]
        )
        bgp = ospf = None
        if protocol == "bgp":
            peers = []
            for _, address, peer in ends[name]:
                if peer:
                    ip = ipaddress.ip_interface(address)
                    other = next(h for h in ip.network.hosts() if h != ip.ip)
                    peers.append(BgpPeer(address=other, peer_asn=asns[peer]))
            if name == "rr":
                peers += [
                    BgpPeer(
                        address=ipaddress.ip_address(f"10.200.1.{101 + k}"),
                        peer_asn=100,
                        route_reflector_client=True,
                    )
                    for k in range(4)
                ]
            elif name in PES:
                rr = ipaddress.ip_address("10.200.1.105")
                peers.append(BgpPeer(address=rr, peer_asn=100, next_hop_self=True))
            bgp = Bgp(asn=asns[name], peers=tuple(peers))
        else:
            area = OspfArea(area=ipaddress.IPv4Address(0), networks=(ipaddress.ip_network("10.0.0.0/8"),))
            ospf = Ospf(
                areas=(area,),
                interfaces=tuple(OspfInterface(name=n, point_to_point=bool(p)) for n, _, p in ends[name]),
            )
        nodes.append(
            Node(
                name=name,
                interfaces=interfaces,
                services=(Router(loopbacks=(loopback,), bgp=bgp, ospf=ospf),),
            )
        )
    return nodes


def create(resources: list[FrrDaemon]) -> list[Operation]:
    return [
        Operation(action="create", key=r.key, impact="restart", reason="new", desired=r) for r in resources
    ]


def cost(place: NetnsRuntime) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for node in NODES:
        for pid, comm in place.processes(node).items():
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            pss = next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total = found.setdefault(comm, [0, 0, 0])
            total[0] += pss / 1024
            total[1] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            total[2] += 1
    return found


def run(options: argparse.Namespace) -> dict[str, Any]:
    place = open_nodes(Paths.from_environment(), LAB)
    driver = FrrDriver(place)
    result: dict[str, Any] = {}
    place.create([*NODES, "sw"])
    try:
        ends = wires()
        for node in NODES:
            place.make_directory(node)
        nodes = models(ends, options.protocol)
        resources = [d for n in nodes for d in frr_daemons(n, options.timers)]
        begin = time.monotonic()
        failures = [e for e in driver.apply(create(resources)) if e]
        if failures:
            raise SystemExit("\n".join(map(str, failures)))
        result["ready"] = time.monotonic() - begin
        waiting = list(NODES)
        while waiting and time.monotonic() < begin + 60:
            up = options.protocol == "bgp" and all(s.up for n in NODES for s in driver.sessions(n))
            if up and "sessions" not in result:
                result["sessions"] = time.monotonic() - begin
            waiting = [n for n in waiting if not done(n)]
        result["converged"] = time.monotonic() - begin
        if waiting:
            raise SystemExit(f"not converged within a minute: {', '.join(waiting)}")
        begin = time.monotonic()
        seen = {r.key: r for r in driver.observe(place.namespaces())}
        result["observe"] = time.monotonic() - begin
        differing = [d for r in resources if (d := r.difference(seen[r.key]))]
        result["differences"] = differing
        if options.idle:
            before = cost(place)
            time.sleep(options.idle)
            after = cost(place)
            result["idle % of a core"] = {
                k: round(100 * (after[k][1] - before[k][1]) / options.idle, 2) for k in after
            }
            result["PSS MB per router"] = {k: round(v[0] / len(NODES), 1) for k, v in after.items()}
            result["PSS MB per router, sum"] = round(sum(v[0] for v in after.values()) / len(NODES), 1)
            result["CPU s"] = {k: round(v[1], 2) for k, v in before.items()}
        if options.protocol == "bgp":
            result["established"] = sorted({s.established for n in NODES for s in driver.sessions(n)})
        begin = time.monotonic()
        ops = [
            Operation(action="delete", key=r.key, impact="session", reason="", observed=r) for r in resources
        ]
        result["delete errors"] = [e for e in driver.apply(ops) if e]
        result["deleted"] = time.monotonic() - begin
    finally:
        with place.lock():
            place.cleanup()
    return result


def done(node: str) -> bool:
    """Tell whether every loopback of the others is in the kernel's table."""
    text = subprocess.run(
        ["ip", "-n", f"{LAB}.{node}", "route", "show"], capture_output=True, text=True, check=True
    ).stdout
    return sum(f"10.1.1.{i + 1} " in text for i in range(len(NODES))) >= len(NODES) - 1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("protocol", nargs="?", default="bgp", choices=["bgp", "ospf"])
    parser.add_argument("--timers", default="lab")
    parser.add_argument("--idle", type=float, default=0)
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    for _ in range(options.runs):
        for key, value in run(options).items():
            print(f"{key:24}", f"{value:.3f}" if isinstance(value, float) else value, file=sys.stderr)


if __name__ == "__main__":
    main()
