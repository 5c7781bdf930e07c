"""What the verbs share that change a running lab without its file."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

from nlan.cli.output import plan_text, plan_value, print_json
from nlan.cli.running import Terminal, finish, run_change, settle
from nlan.control import labs
from nlan.control.lifecycle import Request, planned
from nlan.control.world import World
from nlan.errors import NotFoundError
from nlan.model import Lab
from nlan.runtimes import Paths
from nlan.state import LabState, find_state

Change = Callable[[LabState, Lab], Lab]


def remembered_lab(paths: Paths, name: str, terminal: Terminal) -> tuple[LabState, Lab]:
    """Return the open memory of a lab and what it shall be; the caller closes it.

    Raises:
        NotFoundError: Nothing is remembered of it.
    """
    state = find_state(paths.state, name, say=terminal.say)
    lab = state.lab() if state is not None else None
    if state is None or lab is None:
        if state is not None:
            state.close()
        raise NotFoundError(f"{name}: its database is lost; `nlan up FILE` describes it anew")
    return state, lab


def change_lab(arguments: Namespace, change: Change, *, message: str) -> int:
    """Change the lab that is meant, in place, and return the exit code."""
    paths = Paths.from_environment()
    name = labs.choose(paths, arguments.lab).lab
    terminal = Terminal(arguments)
    settle(paths, name, terminal)
    state, lab = remembered_lab(paths, name, terminal)
    with state:
        request = Request(
            lab=change(state, lab),
            allocations=state.allocations(),
            source=state.source(),
            message=arguments.message or message,
            wait=arguments.wait,
            timeout_s=arguments.timeout,
            confirm_s=arguments.confirm,
        )
    if arguments.dry_run:
        plan = planned(World(paths, name), request.lab)
        if arguments.json:
            print_json({"lab": name, **plan_value(plan)})
        else:
            print(plan_text(plan, verbose=arguments.verbose > 0))
        return 0
    return finish(run_change(paths, request, terminal), request, terminal, arguments)
