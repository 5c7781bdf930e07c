"""`nlan confirm`: a change kept that would undo itself."""

from __future__ import annotations

from argparse import Namespace

from nlan.cli.output import print_json
from nlan.cli.terminal import find


def run(arguments: Namespace) -> int:
    """Keep the change; too late, it is undone."""
    lab = find(arguments)
    waiting = lab.confirm()
    if arguments.json:
        print_json({"lab": lab.name, "revision": waiting.revision})
    else:
        print(f"{lab.name}: revision {waiting.revision} is confirmed")
    return 0
