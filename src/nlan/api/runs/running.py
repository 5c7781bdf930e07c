"""A change carried out with the lab's lock held, and what is overdue undone before."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from nlan.api import catalog
from nlan.api.runs.lifecycle import bring_up, prepare, undo_unconfirmed
from nlan.api.runs.request import Applied, Request
from nlan.errors import NotFoundError, RollbackError
from nlan.state import find_state, open_state

if TYPE_CHECKING:
    from nlan.api.lab import Lab
    from nlan.confirmation import Confirmation


def run_change(lab: Lab, request: Request) -> Applied:
    """Bring a lab to what the request says, with its lock held.

    An unconfirmed change whose time is over is undone before; where that cannot be done, a request
    that does not stand on what was there is carried out all the same.
    What this machine cannot do is refused before the lab's database is opened: nothing is left of it.

    Raises:
        NlanError: As `prepare` and `bring_up` do.
    """
    listener = lab.listener
    context = lab.environment.context(lab.name, listener.trace)
    try:
        with context.nodes.lock(on_wait=listener.say):
            try:
                _undo_overdue(lab)
            except RollbackError as error:
                if request.base is not None:
                    raise
                listener.say(str(error))
            prepared = prepare(context, request)
            with open_state(lab.paths.state, lab.name, say=listener.say) as state:
                return bring_up(context, state, prepared, listener)
    finally:
        listener.ended()


def settle(lab: Lab) -> None:
    """Undo a change that waits to be confirmed where its time is over (its nlan was killed meanwhile)."""
    state = find_state(lab.paths.state, lab.name, say=lab.listener.say)
    if state is None:
        return
    with state:
        if not _is_overdue(state.confirmation()):
            return
    with lab.context().nodes.lock(on_wait=lab.listener.say):
        _undo_overdue(lab)


def _undo_overdue(lab: Lab) -> None:
    """Do so with the lock held: another nlan may have been faster."""
    state = find_state(lab.paths.state, lab.name, say=lab.listener.say)
    if state is None:
        return
    with state:
        waiting = state.confirmation()
        if waiting is not None and _is_overdue(waiting):
            try:
                undo_unconfirmed(lab.context(), state, waiting, lab.listener)
            finally:
                lab.listener.ended()


def _is_overdue(waiting: Confirmation | None) -> bool:
    return waiting is not None and waiting.is_over


def wait_for_confirmation(lab: Lab, change: Confirmation) -> bool:
    """Wait until the change is confirmed or undo it when its time is over; tell whether it stays."""
    last = change
    with open_state(lab.paths.state, lab.name) as state:
        while (waiting := state.confirmation()) is not None:
            last, left = waiting, waiting.left_s
            if left <= 0:
                break
            lab.listener.waiting(f"undone in {left:.0f} s unless `nlan confirm` comes")
            state.database.wait(state.database.head(), min(left, 1.0))
        lab.listener.ended()
        undone = waiting is not None or (last.is_over and state.head() != change.revision)
    settle(lab)
    return not undone


def confirm(lab: Lab) -> Confirmation:
    """Keep the change that waits; too late, it is undone.

    Raises:
        NotFoundError: None waits.
    """
    catalog.choose(lab.environment, lab.name)
    settle(lab)
    with find_state(lab.paths.state, lab.name, say=lab.listener.say) or nullcontext() as state:
        waiting = state.confirm() if state is not None else None
    if waiting is None:
        raise NotFoundError(f"{lab.name}: no change waits to be confirmed")
    return waiting
