"""The nine-router WAN under munet, FRR started by each node's `cmd`: seconds until converged, and to stop.

Runs in the Python that has munet (pip install munet); `run.py` says how, for it wants a process 1 whose
namespaces it may enter.

The lab is built from munet's own kind of file, by the calls that its command makes; what every node
runs is logged there, not here.
"""

import asyncio
import json
import logging
import os
import tempfile
import time

from munet.parser import async_build_topology
from shared import read_lab, tell, wait_for_routes

PGREP = """#!/bin/sh
while [ -e /proc/$3/exe ]; do /usr/bin/pgrep "$@" && exit 0; done
exit 1
"""


def topology(lab):
    """Return the lab as munet's file has it: two ends are a link, more are a network."""
    nodes = {name: _router(lab, name, router) for name, router in lab["routers"].items()}
    networks = []
    for segment in lab["segments"]:
        ends = segment["ends"]
        if len(ends) > 2:
            networks.append({"name": segment["name"]})
        for (node, name, address), (other, _, _) in zip(ends, reversed(ends), strict=True):
            to = other if len(ends) == 2 else segment["name"]
            nodes[node]["connections"].append({"to": to, "name": name, "ip": address})
    for n, lan in enumerate(lab["hosts"]):
        networks.append({"name": f"lan{n}"})
        port = {"to": f"lan{n}", "name": lan["interface"], "ip": lan["gateway"]}
        nodes[lan["router"]]["connections"].append(port)
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


def wait_in_pgrep(directory):
    """Make `pgrep -o -P PID` wait: munet asks for an nsenter's child, and gives up where it comes later."""
    program = os.path.join(directory, "pgrep")
    with open(program, "w", encoding="utf-8") as file:
        file.write(PGREP)
    os.chmod(program, 0o755)
    os.environ["PATH"] = f"{directory}:{os.environ['PATH']}"


async def main():
    logging.disable(logging.INFO)  # munet's import makes it say every command
    lab = read_lab()
    rundir = tempfile.mkdtemp(prefix="munet-", dir=lab["directory"])
    wait_in_pgrep(rundir)
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
        wait_for_routes(lab["routes"], pids, unet.proc_path)
        converged = time.perf_counter()
    finally:
        await unet.async_delete()
    tell(begun, built, converged, time.perf_counter())


if __name__ == "__main__":
    asyncio.run(main())
