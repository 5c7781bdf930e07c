"""`nlan set`: one thing of the running lab changed: validated, planned, applied."""

from __future__ import annotations

from argparse import Namespace

from nlan.cli.changing import change_lab
from nlan.control.changes import with_value
from nlan.model import Lab
from nlan.state import LabState


def run(arguments: Namespace) -> int:
    """Put the value, given as YAML, at the path."""

    def changed(state: LabState, lab: Lab) -> Lab:
        return with_value(lab, arguments.path, arguments.value)

    return change_lab(arguments, changed, message=f"set {arguments.path} {arguments.value}")
