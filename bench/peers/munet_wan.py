"""The nine-router WAN under munet, FRR started by each node's `cmd`: seconds until converged, and to stop.

Runs in the Python that has munet (pip install munet):

    python bench/peers/common_lab.py examples/wan-bgp.yaml /tmp/peer
    python bench/peers/munet_wan.py /tmp/peer/lab.json

The lab is built from munet's own kind of file, by the calls that its command makes.
"""

import asyncio
import json
import logging
import os
import tempfile
import time

from munet.parser import async_build_topology
from shared import read_lab, tell, wait_for_routes


def topology(lab):
    """Return the lab as munet's file has it: two ends are a link, more are a network."""
    nodes = {name: _router(lab, name, router) for name, router in lab["routers"].items()}
    networks = []
    for segment in lab["segments"]:
        ends = segment["ends"]
        if len(ends) == 2:
            for (node, address), (other, _) in zip(ends, reversed(ends), strict=True):
                nodes[node]["connections"].append({"to": other, "ip": address})
        else:
            networks.append({"name": segment["name"]})
            for node, address in ends:
                nodes[node]["connections"].append({"to": segment["name"], "ip": address})
    for n, lan in enumerate(lab["hosts"]):
        networks.append({"name": f"lan{n}"})
        nodes[lan["router"]]["connections"].append({"to": f"lan{n}", "ip": lan["gateway"]})
        for address in lan["hosts"]:
            host = _host(f"h{len(nodes)}", f"lan{n}", address, lan["gateway"].partition("/")[0])
            nodes[host["name"]] = host
    return {"version": 1, "topology": {"networks": networks, "nodes": list(nodes.values())}}


def _router(lab, name, router):
    return {
        "name": name,
        "volumes": [f"{lab['directory']}/{name}:/etc/frr", "/run/frr"],
        "cmd": "\n".join(router["start"]),
        "connections": [],
    }


def _host(name, network, address, gateway):
    return {
        "name": name,
        "cmd": f"ip route add default via {gateway}",
        "connections": [{"to": network, "ip": address}],
    }


async def main():
    logging.basicConfig(level=logging.WARNING)
    lab = read_lab()
    rundir = tempfile.mkdtemp(prefix="munet-")
    begun = time.perf_counter()
    config = topology(lab)
    config["config_pathname"] = os.path.join(rundir, "munet.json")
    with open(config["config_pathname"], "w", encoding="utf-8") as file:  # noqa: ASYNC230
        json.dump(config, file)
    unet = await async_build_topology(config, rundir=rundir)
    try:
        await unet.run()
        built = time.perf_counter()
        pids = {name: unet.hosts[name].pid for name in lab["routes"]}
        await asyncio.to_thread(wait_for_routes, lab["routes"], pids)
        converged = time.perf_counter()
    finally:
        await unet.async_delete()
    tell(begun, built, converged, time.perf_counter())


if __name__ == "__main__":
    asyncio.run(main())
