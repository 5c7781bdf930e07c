"""`nlan unset`: one thing of the running lab removed: validated, planned, applied."""

from __future__ import annotations

from argparse import Namespace

from nlan.api.setting import unset_by_path
from nlan.api.written import Changed, Memory
from nlan.cli.changing import change_lab
from nlan.model import Lab
from nlan.state import LabState


def run(arguments: Namespace) -> int:
    """Remove what is at the path."""

    def changed(state: LabState, lab: Lab) -> Changed:
        return unset_by_path(lab, Memory(state.source(), state.allocations()), arguments.path)

    return change_lab(arguments, changed, message=f"unset {arguments.path}")
