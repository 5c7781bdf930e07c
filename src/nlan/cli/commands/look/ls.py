"""`nlan ls`: the labs of this machine, those that run and those that are remembered."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from nlan.api import labs
from nlan.cli.output import print_json, say, table

if TYPE_CHECKING:
    from nlan.api import Listed

HEADER = ("LAB", "STATE", "NODES", "HOSTS", "PROCESSES", "KEPT BY", "FILE")


def run(arguments: Namespace) -> int:
    """Print every lab with what there is of it, and the file that it was last brought up from."""
    rows = labs()
    if arguments.json:
        print_json([row._asdict() for row in rows])
        return 0
    if not any(row.state == "running" for row in rows):
        print("no lab runs" + ("; these are remembered (`nlan down LAB --purge` forgets):" if rows else ""))
    if rows:
        print(table(HEADER, map(_cells, rows)))
    for row in rows:
        if row.reason:
            say(row.reason)
    return 0


def _cells(row: Listed) -> tuple[str, ...]:
    return tuple("-" if value in (None, "") else str(value) for value in row[: len(HEADER)])
