"""`nlan set`: one thing of the running lab changed: validated, planned, applied."""

from __future__ import annotations

import sys
from argparse import Namespace

from nlan.api.changes import words_of
from nlan.api.setting import set_by_path
from nlan.api.written import Changed, Memory
from nlan.cli.changing import change_lab
from nlan.model import Lab
from nlan.state import LabState


def run(arguments: Namespace) -> int:
    """Put the value, given as YAML, at the path."""
    value = sys.stdin.read() if arguments.value == "-" else arguments.value

    def changed(state: LabState, lab: Lab) -> Changed:
        memory = Memory(state.source(), state.allocations())
        return set_by_path(lab, memory, arguments.path, value)

    return change_lab(arguments, changed, message=f"set {words_of(arguments.path, value)}")
