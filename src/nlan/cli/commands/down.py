"""`nlan down`: a lab removed, wholly, with or without its file and database."""

from __future__ import annotations

import time
from argparse import Namespace

from nlan.cli.output import counted, print_json
from nlan.cli.running import Terminal
from nlan.control import labs
from nlan.control.lifecycle import take_down
from nlan.control.world import World
from nlan.errors import HostError, InputError
from nlan.runtimes import Paths
from nlan.state import find_state


def run(arguments: Namespace) -> int:
    """Remove the lab that is meant, or every lab."""
    labs.need_root()
    if arguments.all and arguments.lab is not None:
        raise InputError(f"say one of {arguments.lab} and --all")
    paths = Paths.from_environment()
    names = labs.running(paths) if arguments.all else [labs.choose(paths, arguments.lab).lab]
    removed = [_remove(paths, name, Terminal(arguments)) for name in names]
    if arguments.json:
        print_json(removed)
    else:
        for one in removed:
            gone = counted(int(one["namespaces"]), "namespace")
            print(f"{one['lab']}: {gone} removed ({one['seconds']:.2f} s)")
        if not removed:
            print("no lab runs")
    return 0


def _remove(paths: Paths, lab: str, terminal: Terminal) -> dict[str, str | int | float]:
    begun = time.monotonic()
    world = World(paths, lab)
    try:
        with world.place.lock(on_wait=terminal.say):
            _forget(paths, lab, terminal)
            count = len(take_down(world, terminal))
    finally:
        terminal.clear()
    return {"lab": lab, "namespaces": count, "seconds": round(time.monotonic() - begun, 3)}


def _forget(paths: Paths, lab: str, terminal: Terminal) -> None:
    """Write down that the lab shall be gone before it goes, so that nothing brings it back meanwhile."""
    state = find_state(paths.state, lab, say=terminal.say)
    if state is None:
        return
    try:
        with state:
            state.mark_down()
    except HostError as error:
        terminal.say(f"{error}\nit goes all the same, yet `nlan restore` would bring it back")
