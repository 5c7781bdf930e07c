"""`nlan set`: one thing of the running lab changed: validated, planned, applied."""

from __future__ import annotations

import sys
from argparse import Namespace

from nlan.api.edits import set_value
from nlan.cli.terminal import change, find


def run(arguments: Namespace) -> int:
    """Put the value, given as YAML, at the path."""
    value = sys.stdin.read() if arguments.value == "-" else arguments.value
    edit = set_value(arguments.path, value)
    return change(find(arguments), edit, arguments)
