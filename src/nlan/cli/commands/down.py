"""`nlan down`: a lab removed, wholly, with or without its file and database."""

from __future__ import annotations

import time
from argparse import Namespace
from typing import Any

from nlan.api import labs
from nlan.api.context import Context
from nlan.api.lifecycle import take_down
from nlan.cli.output import counted, print_json, say
from nlan.cli.running import Terminal
from nlan.errors import HostError, InputError, NlanError, NotFoundError
from nlan.runtimes import Paths
from nlan.state import find_state, forget, known_labs
from nlan.values import natural


def run(arguments: Namespace) -> int:
    """Remove the lab that is meant, or every lab."""
    labs.need_root()
    if arguments.all and arguments.lab is not None:
        raise InputError(f"say one of {arguments.lab} and --all")
    paths = Paths.from_environment()
    if not arguments.all:
        name = _meant(paths, arguments.lab, purge=arguments.purge)
        _print([_remove(paths, name, Terminal(arguments), purge=arguments.purge)], as_json=arguments.json)
        return 0
    names = labs.running(paths)
    if arguments.purge:
        names = sorted({*names, *known_labs(paths.state)}, key=natural)
    removed = [_attempt(paths, name, Terminal(arguments), purge=arguments.purge) for name in names]
    _print(removed, as_json=arguments.json)
    return 1 if any("error" in one for one in removed) else 0


def _meant(paths: Paths, name: str | None, *, purge: bool) -> str:
    """Return the lab that is meant: one that is there, or that `nlan restore` would bring back."""
    if name is None or name in labs.running(paths) or name not in known_labs(paths.state):
        return labs.choose(paths, name).lab
    if purge:
        return name
    state = find_state(paths.state, name)
    if state is not None:
        with state:
            if state.was_up():
                return name
    raise NotFoundError(f"{name} is down already; `nlan down {name} --purge` forgets history and addresses")


def _print(removed: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(removed)
        return
    for one in removed:
        if "error" in one:
            say(f"{one['lab']}: {one['error']}")
            continue
        forgotten = ", history and addresses forgotten" if one["forgotten"] else ""
        seconds = f"{one['seconds']:.2f} s"
        print(f"{one['lab']}: {counted(one['namespaces'], 'namespace')} removed{forgotten} ({seconds})")
    if not removed:
        print("no lab runs")


def _attempt(paths: Paths, lab: str, terminal: Terminal, *, purge: bool) -> dict[str, Any]:
    """Remove one of many: one that cannot be removed does not keep the others."""
    try:
        return _remove(paths, lab, terminal, purge=purge)
    except NlanError as error:
        return {"lab": lab, "error": str(error)}


def _remove(paths: Paths, lab: str, terminal: Terminal, *, purge: bool) -> dict[str, Any]:
    begun = time.monotonic()
    context, forgotten = Context(paths, lab), False
    try:
        with context.place.lock(on_wait=terminal.say):
            _want_gone(paths, lab, terminal)
            count = len(take_down(context, terminal))
            if purge:
                forgotten = forget(paths.state, lab)
    finally:
        terminal.clear()
    seconds = round(time.monotonic() - begun, 3)
    return {"lab": lab, "namespaces": count, "seconds": seconds, "forgotten": forgotten}


def _want_gone(paths: Paths, lab: str, terminal: Terminal) -> None:
    """Write down that the lab shall be gone before it goes, so that nothing brings it back meanwhile."""
    state = find_state(paths.state, lab, say=terminal.say)
    if state is None:
        return
    try:
        with state:
            state.mark_down()
    except HostError as error:
        terminal.say(f"{error}\nit goes all the same, yet `nlan restore` would bring it back")
