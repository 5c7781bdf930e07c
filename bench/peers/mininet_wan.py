"""The nine-router WAN under Mininet, FRR started by hand: seconds until converged, and to stop.

Runs in the Python that has Mininet (Debian: apt-get install mininet, then /usr/bin/python3); see `run.py`.
"""

import time

from mininet.net import Mininet
from mininet.nodelib import LinuxBridge
from shared import read_lab, tell, wait_for_routes


def build(lab):
    net = Mininet(controller=None, switch=LinuxBridge)
    nodes = {}
    for name in lab["routers"]:
        private = [("/etc/frr", f"{lab['directory']}/{name}"), "/run/frr"]
        nodes[name] = net.addHost(name, ip=None, privateDirs=private)
    addresses = []
    for n, segment in enumerate(lab["segments"]):
        ends = segment["ends"]
        addresses += ends
        if len(ends) == 2:
            (one, name, _), (other, other_name, _) = ends
            net.addLink(nodes[one], nodes[other], intfName1=name, intfName2=other_name)
        else:
            switch = net.addSwitch(f"sw{n}")
            for node, name, _ in ends:
                net.addLink(nodes[node], switch, intfName1=name)
    count = 0
    for n, lan in enumerate(lab["hosts"]):
        switch = net.addSwitch(f"lan{n}")
        net.addLink(nodes[lan["router"]], switch, intfName1=lan["interface"])
        addresses.append((lan["router"], lan["interface"], lan["gateway"]))
        for address in lan["hosts"]:
            count += 1
            gateway = lan["gateway"].partition("/")[0]
            host = net.addHost(f"h{count}", ip=address, defaultRoute=f"via {gateway}")
            net.addLink(host, switch)
    return net, nodes, addresses


def main():
    lab = read_lab()
    begun = time.perf_counter()
    net, nodes, addresses = build(lab)
    net.start()
    for node, name, address in addresses:
        nodes[node].cmd(f"ip addr add {address} dev {name}")
    for name, router in lab["routers"].items():
        nodes[name].cmd("; ".join(router["start"]))
    built = time.perf_counter()
    wait_for_routes(lab["routes"], {name: node.pid for name, node in nodes.items()})
    converged = time.perf_counter()
    for name in lab["routers"]:
        nodes[name].cmd("kill $(cat /run/frr/*.pid)")  # Mininet ends its own shells only
    net.stop()
    tell(begun, built, converged, time.perf_counter())


if __name__ == "__main__":
    main()
