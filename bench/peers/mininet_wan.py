"""The nine-router WAN under Mininet, FRR started by hand: seconds until converged, and to stop.

Runs in the Python that has Mininet (Debian: apt-get install mininet, then /usr/bin/python3):

    python bench/peers/common_lab.py examples/wan-bgp.yaml /tmp/peer
    /usr/bin/python3 bench/peers/mininet_wan.py /tmp/peer/lab.json
"""

import json
import sys
import time

from mininet.net import Mininet
from mininet.nodelib import LinuxBridge


def build(lab):
    net = Mininet(controller=None, switch=LinuxBridge)
    nodes = {}
    for name in lab["routers"]:
        private = [("/etc/frr", f"{lab['directory']}/{name}"), "/run/frr"]
        nodes[name] = net.addHost(name, ip=None, privateDirs=private)
    ports = {}

    def port(node):
        ports[node] = ports.get(node, 0) + 1
        return f"{node}-e{ports[node]}"

    addresses = []
    for n, segment in enumerate(lab["segments"]):
        ends = segment["ends"]
        names = [port(node) for node, _ in ends]
        addresses += [(node, name, address) for (node, address), name in zip(ends, names, strict=False)]
        if len(ends) == 2:
            net.addLink(nodes[ends[0][0]], nodes[ends[1][0]], intfName1=names[0], intfName2=names[1])
        else:
            switch = net.addSwitch(f"sw{n}")
            for (node, _), name in zip(ends, names, strict=False):
                net.addLink(nodes[node], switch, intfName1=name)
    count = 0
    for n, lan in enumerate(lab["hosts"]):
        switch = net.addSwitch(f"lan{n}")
        name = port(lan["router"])
        net.addLink(nodes[lan["router"]], switch, intfName1=name)
        addresses.append((lan["router"], name, lan["gateway"]))
        for address in lan["hosts"]:
            count += 1
            gateway = lan["gateway"].partition("/")[0]
            host = net.addHost(f"h{count}", ip=address, defaultRoute=f"via {gateway}")
            net.addLink(host, switch)
    return net, nodes, addresses


def main(path):
    with open(path, encoding="utf-8") as file:
        lab = json.load(file)
    begun = time.perf_counter()
    net, nodes, addresses = build(lab)
    net.start()
    for node, name, address in addresses:
        nodes[node].cmd(f"ip addr add {address} dev {name}")
    for name, router in lab["routers"].items():
        lines = ["sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=2", "chown frr:frr /run/frr"]
        lines += [f"ip addr add {address} dev lo" for address in router["loopbacks"]]
        lines += [f"/usr/lib/frr/{daemon} -d -A 127.0.0.1" for daemon in ("mgmtd", "zebra")]
        lines += [
            f"/usr/lib/frr/{d} -d -A 127.0.0.1" for d in router["daemons"] if d not in ("mgmtd", "zebra")
        ]
        nodes[name].cmd("; ".join(lines))
    built = time.perf_counter()
    while True:
        counts = {
            n: int(nodes[n].cmd("ip -4 route show | grep -c ' proto bgp\\| proto ospf'"))
            for n in lab["routes"]
        }
        if all(counts[n] >= wanted for n, wanted in lab["routes"].items()):
            break
        if time.perf_counter() - built > 60:
            sys.exit(f"not converged: {counts}")
        time.sleep(0.05)
    converged = time.perf_counter()
    net.stop()
    stopped = time.perf_counter()
    print(
        json.dumps({"built": built - begun, "converged": converged - begun, "stopped": stopped - converged})
    )


if __name__ == "__main__":
    main(sys.argv[1])
