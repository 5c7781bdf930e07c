"""A lab brought up again as it was before a boot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlan.api.environment.nodes import open_nodes
from nlan.api.runs.request import Applied, Request
from nlan.api.runs.running import run_change, settle
from nlan.errors import NotFoundError
from nlan.state import find_state

if TYPE_CHECKING:
    from nlan import model
    from nlan.api.lab import Lab


def restore(lab: Lab) -> Applied | None:
    """Bring up what was up and is not there; None where there is nothing to do."""
    lab.environment.privileges.need_root()
    request = _request(lab)
    return None if request is None else run_change(lab, request)


def _request(lab: Lab) -> Request | None:
    """Return what brings the lab up as it was, None where it shall not be up."""
    settle(lab)
    state = find_state(lab.paths.state, lab.name, say=lab.listener.say)
    if state is None:
        raise NotFoundError(f"{lab.name}: its database cannot be read")
    with state:
        base = state.head()
        if not state.was_up() and not state.is_blank():
            return None
        known = state.lab()
        if known is None:
            raise NotFoundError(f"{lab.name}: its database does not tell what it was; `nlan up FILE` does")
        if _is_there(lab, known):
            return None
        return Request(known, state.allocations(), state.source(), "restored", base=base)


def _is_there(lab: Lab, known: model.Lab) -> bool:
    """Tell whether all namespaces of the lab exist; a restore that failed half-way left some."""
    wanted = {key.namespace for key in lab.context().expand(known) if key.kind == "namespace"}
    return wanted <= set(open_nodes(lab.paths, lab.name).namespaces())
