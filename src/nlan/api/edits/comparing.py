"""Revisions of a lab compared: with each other, and with the running network."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nlan.api import catalog
from nlan.api.edits.changes import at_revision
from nlan.api.edits.differences import Difference, differences, without_secrets
from nlan.api.runs.lifecycle import planned
from nlan.plan import Plan

if TYPE_CHECKING:
    from nlan.api.lab import Lab


class Distance(NamedTuple):
    """What parts the running network from a revision.

    Attributes:
        revision: The one that is compared.
        applied: The one that the network is at; 0 where it is at none.
        plan: What turns the network into the revision.
        is_running: Whether anything of the lab is there.
    """

    revision: int
    applied: int
    plan: Plan
    is_running: bool


def distance(lab: Lab, revision: int | None) -> Distance:
    """Return what turns the running network into a revision; None for the applied one, else the newest."""
    with lab.state() as state:
        applied = state.applied()
        wanted = revision or applied or state.head()
        plan = planned(lab.context(), at_revision(state, wanted))
    return Distance(wanted, applied, plan, lab.name in catalog.running(lab.paths))


def between(lab: Lab, before: int, after: int, *, secrets: bool) -> list[Difference]:
    """Return what parts two revisions."""
    with lab.state() as state:
        found = differences(at_revision(state, before), at_revision(state, after))
    return found if secrets else [without_secrets(one) for one in found]
