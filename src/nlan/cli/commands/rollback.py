"""`nlan rollback`: the network turned into an earlier revision, in place, or brought up as it was then."""

from __future__ import annotations

from argparse import Namespace

from nlan.api.changes import at_revision
from nlan.cli.changing import change_lab
from nlan.model import Lab
from nlan.state import LabState


def run(arguments: Namespace) -> int:
    """Plan from the running network to the revision, and apply."""
    revision: int = arguments.revision

    def former(state: LabState, lab: Lab) -> Lab:
        return at_revision(state, revision)

    message = f"roll back to revision {revision}"
    return change_lab(arguments, former, message=message, revision=revision)
