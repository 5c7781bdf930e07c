"""`nlan confirm`: a change kept that would undo itself."""

from __future__ import annotations

from argparse import Namespace
from contextlib import nullcontext

from nlan.api import labs
from nlan.cli.output import print_json
from nlan.cli.running import Terminal, settle
from nlan.errors import NotFoundError
from nlan.runtimes import Paths
from nlan.state import find_state


def run(arguments: Namespace) -> int:
    """Keep the change; too late, it is undone."""
    paths = Paths.from_environment()
    name = labs.choose(paths, arguments.lab).lab
    terminal = Terminal(arguments)
    settle(paths, name, terminal)
    with find_state(paths.state, name, say=terminal.say) or nullcontext() as state:
        waiting = state.confirm() if state is not None else None
        if waiting is None:
            raise NotFoundError(f"{name}: no change waits to be confirmed")
    if arguments.json:
        print_json({"lab": name, "revision": waiting.revision})
    else:
        print(f"{name}: revision {waiting.revision} is confirmed")
    return 0
