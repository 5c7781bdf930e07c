"""`nlan ls`: the labs of this machine, those that run and those that are remembered."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from nlan.api import labs, names
from nlan.cli.output import print_json, table
from nlan.errors import HostError
from nlan.keep.presence import keeper_of
from nlan.runtimes import NetnsRuntime, Paths
from nlan.state import find_state, known_labs
from nlan.values import natural


def run(arguments: Namespace) -> int:
    """Print every lab with what there is of it, and the file that it was last brought up from."""
    labs.need_root()
    paths = Paths.from_environment()
    here = set(labs.running(paths))
    every = sorted(here.union(known_labs(paths.state)), key=natural)
    rows = [_running(paths, lab) if lab in here else _remembered(paths, lab) for lab in every]
    if arguments.json:
        print_json(rows)
        return 0
    if not here:
        print("no lab runs" + ("; these are remembered (`nlan down LAB --purge` forgets):" if rows else ""))
    if rows:
        header = ("LAB", "STATE", "NODES", "HOSTS", "PROCESSES", "KEPT BY", "FILE")
        print(table(header, [_cells(row) for row in rows]))
    return 0


def _running(paths: Paths, lab: str) -> dict[str, Any]:
    place = NetnsRuntime(paths, lab)
    namespaces = place.namespaces()
    people = names.visible(namespaces)
    return {
        "lab": lab,
        "state": "running",
        "nodes": sum("/" not in name for name in people),
        "hosts": sum("/" in name for name in people),
        "processes": sum(map(len, place.all_processes(namespaces).values())),
        "kept_by": keeper_of(paths, lab),
        "file": _memory(paths, lab)["file"],
    }


def _remembered(paths: Paths, lab: str) -> dict[str, Any]:
    """Return a lab that does not run: its history and addresses are there until `nlan down --purge`."""
    memory = _memory(paths, lab)
    return {
        "lab": lab,
        "state": memory["state"],
        "nodes": memory["nodes"],
        "hosts": memory["hosts"],
        "processes": 0,
        "kept_by": None,
        "file": memory["file"],
    }


def _memory(paths: Paths, lab: str) -> dict[str, Any]:
    try:
        state = find_state(paths.state, lab)
        if state is not None:
            with state:
                known, file, is_wanted = state.lab(), state.source()[0], state.was_up()
            nodes = known.nodes if known is not None else ()
            hosts = sum(1 for node in nodes for _ in node.hosts())
            # After a boot, what was up is not there, and `nlan restore` brings it back.
            kind = "lost" if is_wanted else "down"
            return {"state": kind, "nodes": len(nodes), "hosts": hosts, "file": file}
    except HostError:
        pass
    return {"state": "unreadable", "nodes": 0, "hosts": 0, "file": ""}


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple("-" if value in (None, "") else str(value) for value in row.values())
