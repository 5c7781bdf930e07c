"""`nlan keep`: stay with a lab and repair what drifts."""

from __future__ import annotations

import os
import signal
import sys
from argparse import Namespace
from pathlib import Path

from nlan.api import catalog
from nlan.api.context import Context
from nlan.api.pidfile import Pidfile, keeper_of, stop_keeper
from nlan.cli.lines import teller
from nlan.cli.output import print_json, say
from nlan.errors import NotFoundError
from nlan.keep import Keeper, Note
from nlan.keep.background import detach, redirect, unit_text
from nlan.keep.keeper import TAKEN_DOWN
from nlan.keep.memory import Memory
from nlan.runtimes import Paths, leave_host
from nlan.state import find_state


def run(arguments: Namespace) -> int:
    """Keep the lab until it is taken down or the command is ended; both are exit code 0."""
    paths = Paths.from_environment()
    if arguments.unit:
        print(unit_text(catalog.remembered_name(paths, arguments.lab)), end="")
        return 0
    if arguments.stop:
        return _stop(paths, arguments)
    if arguments.lab and _was_taken_down(paths, arguments.lab):
        tell = teller(as_json=arguments.json)
        tell(Note("ended", f"{arguments.lab}: {TAKEN_DOWN}", {"reason": TAKEN_DOWN}))
        return 0
    name = catalog.choose(paths, arguments.lab).lab
    _check(paths, name)
    presence = Pidfile(paths, name)
    presence.claim()
    try:
        if arguments.detach:
            pid = detach(presence)
            if pid:
                if arguments.json:
                    print_json({"lab": name, "pid": pid, "log": str(presence.log)})
                else:
                    print(f"{name}: kept by process {pid}; it writes to {presence.log}")
                presence.let_go()
                return 0
        return _keep(paths, name, presence, arguments)
    finally:
        presence.leave()


def _stop(paths: Paths, arguments: Namespace) -> int:
    """End the keep of the lab that is meant: of the only one that is kept, where none is named."""
    catalog.need_root()
    kept = [name for name in catalog.running(paths) if keeper_of(paths, name) is not None]
    name = kept[0] if arguments.lab is None and len(kept) == 1 else catalog.choose(paths, arguments.lab).lab
    pid = stop_keeper(paths, name)
    if pid is None:
        raise NotFoundError(f"{name} is not kept")
    if arguments.json:
        print_json({"lab": name, "pid": pid})
    else:
        print(f"{name}: kept no more, process {pid} ended; the lab runs on")
    return 0


def _was_taken_down(paths: Paths, name: str) -> bool:
    """Tell whether a lab's end came before its keep, which ends with it."""
    catalog.need_root()
    if name in catalog.running(paths):
        return False
    state = find_state(paths.state, name)
    if state is None:
        return False
    with state:
        return state.lab() is not None and not state.was_up()


def _check(paths: Paths, name: str) -> None:
    """A lab whose database is lost or damaged cannot be kept; says so before anything begins."""
    state = find_state(paths.state, name, say=say)
    lab = None
    if state is not None:
        with state:
            lab = state.lab()
    if lab is None:
        raise NotFoundError(f"{name}: its database is lost; `nlan up FILE` describes it anew")


def _keep(paths: Paths, name: str, presence: Pidfile, arguments: Namespace) -> int:
    memory = Memory(paths.state, name)
    keeper = Keeper(Context(paths, name), memory, presence, teller(as_json=arguments.json))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # in a script's background, or behind nohup
            signal.signal(number, lambda *_: keeper.stop())
    keeper.run()
    presence.leave()
    sys.stdout.flush()
    if arguments.detach:
        redirect(Path(os.devnull))
    leave_host(paths)  # what was open here was in the way of `nlan down`
    if memory.abandoned:
        os._exit(0)  # the interpreter would close, and so write, what is damaged
    return 0
