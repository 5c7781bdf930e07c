"""A lab removed, wholly, with or without its file and database."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nlan.api import catalog
from nlan.api.runs.lifecycle import take_down
from nlan.errors import HostError, NotFoundError
from nlan.state import find_state, forget, known_labs

if TYPE_CHECKING:
    from nlan.api.lab import Lab


class Removed(NamedTuple):
    """A lab that was removed.

    Attributes:
        lab: Its name.
        namespaces: How many it had.
        seconds: How long it took.
        forgotten: Whether its history and addresses went too.
    """

    lab: str
    namespaces: int
    seconds: float
    forgotten: bool


def remove(lab: Lab, *, purge: bool) -> Removed:
    """Remove a lab that is there, or that `nlan restore` would bring back; with `purge` its history too.

    Raises:
        NotFoundError: There is none, or it is down already.
        HostError: Something could not be removed; the rest is.
    """
    lab.environment.privileges.need_root()
    _check(lab, purge=purge)
    begun, forgotten = lab.environment.clock(), False
    context = lab.context()
    try:
        with context.nodes.lock(on_wait=lab.listener.say):
            _want_gone(lab)
            count = len(take_down(context, lab.listener))
            if purge:
                forgotten = forget(lab.paths.state, lab.name)
    finally:
        lab.listener.ended()
    seconds = round(lab.environment.clock() - begun, 3)
    return Removed(lab.name, count, seconds, forgotten)


def _check(lab: Lab, *, purge: bool) -> None:
    if lab.is_running:
        return
    if lab.name not in known_labs(lab.paths.state):
        catalog.choose(lab.environment, lab.name)  # says what there is
    if purge:
        return
    state = find_state(lab.paths.state, lab.name)
    if state is not None:
        with state:
            if state.was_up():
                return
    raise NotFoundError(
        f"{lab.name} is down already; `nlan down {lab.name} --purge` forgets history and addresses"
    )


def _want_gone(lab: Lab) -> None:
    """Write down that the lab shall be gone before it goes, so that nothing brings it back meanwhile."""
    state = find_state(lab.paths.state, lab.name, say=lab.listener.say)
    if state is None:
        return
    try:
        with state:
            state.mark_down()
    except HostError as error:
        lab.listener.say(f"{error}\nit goes all the same, yet `nlan restore` would bring it back")
