"""What the peers' scripts share. Standard library only: it runs in each peer's own Python."""

import json
import sys
import time

GATEWAY = 0x2  # RTF_GATEWAY: connected routes have it not, a router's others are BGP's or OSPF's


def read_lab():
    """Return the description that common_lab.py wrote; its path is the script's argument."""
    with open(sys.argv[1], encoding="utf-8") as file:
        return json.load(file)


def wait_for_routes(wanted, pids, proc="/proc", deadline_s=60.0):
    """Wait until the kernels have as many routes as the lab asks for, by node name."""
    end = time.monotonic() + deadline_s
    while True:
        counts = {name: routes(f"{proc}/{pids[name]}/net/route") for name in wanted}
        if all(counts[name] >= wanted[name] for name in wanted):
            return
        if time.monotonic() > end:
            sys.exit(f"not converged: {counts}, wanted: {wanted}")
        time.sleep(0.02)


def routes(path):
    """Count the routes over a gateway in a namespace's table."""
    with open(path, encoding="ascii") as file:
        rows = [line.split() for line in file][1:]
    return sum(bool(int(row[3], 16) & GATEWAY) for row in rows)


def tell(begun, built, converged, stopped):
    """Print the seconds as `run.py` reads them."""
    spans = {"built": built - begun, "converged": converged - begun, "stopped": stopped - converged}
    print(json.dumps(spans))
