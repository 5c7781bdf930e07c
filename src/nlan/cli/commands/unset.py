"""`nlan unset`: one thing of the running lab removed: validated, planned, applied."""

from __future__ import annotations

from argparse import Namespace

from nlan.cli.changing import change_lab
from nlan.control.changes import without_value
from nlan.model import Lab
from nlan.state import LabState


def run(arguments: Namespace) -> int:
    """Remove what is at the path."""

    def changed(state: LabState, lab: Lab) -> Lab:
        return without_value(lab, arguments.path)

    return change_lab(arguments, changed, message=f"unset {arguments.path}")
