"""A lab changed in place without its file: what it shall be is read, changed, and carried out."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from nlan.api import catalog
from nlan.api.edits.written import Changed, Origin
from nlan.api.runs.lifecycle import planned
from nlan.api.runs.request import Applied, Options, Request
from nlan.api.runs.running import run_change, settle
from nlan.errors import NotFoundError, OvertakenError
from nlan.state import find_state

if TYPE_CHECKING:
    from nlan.api.edits import Edit
    from nlan.api.lab import Lab
    from nlan.plan import Plan


def change(lab: Lab, edit: Edit, options: Options) -> Applied:
    """Carry out a change, in place.

    Raises:
        OvertakenError: Somebody else's change came in between, and this one is not to be made again.
    """
    _check(lab, edit)
    while True:
        request = _request(lab, edit, options)
        try:
            return run_change(lab, request)
        except OvertakenError:
            if not edit.again:
                raise


def plan_change(lab: Lab, edit: Edit) -> Plan:
    """Return what the change would do; only reads."""
    _check(lab, edit)
    return planned(lab.context(), _request(lab, edit, {}).lab)


def _check(lab: Lab, edit: Edit) -> None:
    lab.environment.privileges.need_root()
    if edit.needs_running:
        catalog.choose(lab.environment, lab.name)


def _request(lab: Lab, edit: Edit, options: Options) -> Request:
    settle(lab)
    with find_state(lab.paths.state, lab.name, say=lab.listener.say) or nullcontext() as state:
        base = state.head() if state is not None else 0
        former = state.lab() if state is not None else None
        if state is None or former is None:
            raise NotFoundError(_nothing_known(lab))
        changed = edit.change(state, former)
        if not isinstance(changed, Changed):
            changed = Changed(changed, Origin(state.source(edit.revision), state.allocations()))
        for warning in changed.warnings:
            lab.listener.warning(warning)
        return Request(
            lab=changed.lab,
            allocations=changed.origin.allocations,
            source=changed.origin.source,
            message=options.get("message") or edit.message,
            wait=options.get("wait", "converged"),
            timeout_s=options.get("timeout_s", 60.0),
            confirm_s=options.get("confirm_s"),
            base=base,
        )


def _nothing_known(lab: Lab) -> str:
    if lab.is_running:
        return f"{lab.name}: its database is lost; `nlan up FILE` describes it anew"
    return f"nothing is known of a lab {lab.name}"
