"""`nlan ls`: the labs of this machine."""

from __future__ import annotations

from argparse import Namespace

from nlan.cli.output import print_json, table
from nlan.control import labs, names
from nlan.runtimes import NetnsRuntime, Paths


def run(arguments: Namespace) -> int:
    """Print every lab with the number of its nodes, hosts and processes."""
    labs.need_root()
    paths = Paths.from_environment()
    rows = [_row(NetnsRuntime(paths, lab)) for lab in labs.running(paths)]
    if arguments.json:
        print_json(rows)
    elif rows:
        print(table(("LAB", "NODES", "HOSTS", "PROCESSES"), [tuple(map(str, row.values())) for row in rows]))
    else:
        print("no lab runs")
    return 0


def _row(place: NetnsRuntime) -> dict[str, str | int]:
    namespaces = place.namespaces()
    people = names.visible(namespaces)
    return {
        "lab": place.lab,
        "nodes": sum("/" not in name for name in people),
        "hosts": sum("/" in name for name in people),
        "processes": sum(map(len, place.all_processes(namespaces).values())),
    }
