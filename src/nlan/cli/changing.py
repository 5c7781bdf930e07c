"""What the verbs share that change a running lab without its file."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from contextlib import nullcontext

from nlan.api import labs
from nlan.api.context import Context
from nlan.api.lifecycle import Request, planned
from nlan.api.written import Changed, Memory
from nlan.cli.output import plan_text, plan_value, print_json
from nlan.cli.running import Terminal, finish, run_change, settle
from nlan.errors import NotFoundError, OvertakenError
from nlan.model import Lab
from nlan.runtimes import Paths
from nlan.state import LabState, find_state

Change = Callable[[LabState, Lab], Lab | Changed]
"""Returns the lab that shall be, with the file that describes it where that was changed."""


def change_lab(
    arguments: Namespace, change: Change, *, message: str, again: bool = True, revision: int | None = None
) -> int:
    """Change the lab that is meant, in place, and return the exit code.

    Args:
        arguments: Of the verb.
        change: Returns the lab that shall be.
        message: Kept with the revision where the person says none.
        again: Whether `change` is called again where somebody else's change came in between.
        revision: The earlier one that is returned to; its lab need not run.

    Raises:
        OvertakenError: That happened, without `again`.
    """
    paths = Paths.from_environment()
    if revision is None:
        name = labs.choose(paths, arguments.lab).lab
    else:
        labs.need_root()
        name = labs.remembered_name(paths, arguments.lab)
    terminal = Terminal(arguments)
    while True:
        request = _request(paths, name, terminal, arguments, change, message, revision)
        if arguments.dry_run:
            return _show_plan(paths, request, arguments)
        try:
            return finish(run_change(paths, request, terminal), request, terminal, arguments)
        except OvertakenError:
            if not again:
                raise


def _request(
    paths: Paths,
    name: str,
    terminal: Terminal,
    arguments: Namespace,
    change: Change,
    message: str,
    revision: int | None,
) -> Request:
    settle(paths, name, terminal)
    with find_state(paths.state, name, say=terminal.say) or nullcontext() as state:
        base = state.head() if state is not None else 0
        lab = state.lab() if state is not None else None
        if state is None or lab is None:
            raise NotFoundError(_nothing_known(paths, name))
        changed = change(state, lab)
        if not isinstance(changed, Changed):
            changed = Changed(changed, Memory(state.source(revision), state.allocations()))
        for warning in changed.warnings:
            terminal.say(str(warning))
        return Request(
            lab=changed.lab,
            allocations=changed.memory.allocations,
            source=changed.memory.source,
            message=arguments.message or message,
            wait=arguments.wait,
            timeout_s=arguments.timeout,
            confirm_s=arguments.confirm,
            base=base,
        )


def _nothing_known(paths: Paths, name: str) -> str:
    if name in labs.running(paths):
        return f"{name}: its database is lost; `nlan up FILE` describes it anew"
    return f"nothing is known of a lab {name}"


def _show_plan(paths: Paths, request: Request, arguments: Namespace) -> int:
    plan = planned(Context(paths, request.lab.name), request.lab)
    if arguments.json:
        print_json({"lab": request.lab.name, **plan_value(plan)})
    else:
        print(plan_text(plan, verbose=arguments.verbose > 0))
    return 0
