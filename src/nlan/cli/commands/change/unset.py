"""`nlan unset`: one thing of the running lab removed: validated, planned, applied."""

from __future__ import annotations

from argparse import Namespace

from nlan.api.edits import unset_value
from nlan.cli.terminal import change, find


def run(arguments: Namespace) -> int:
    """Remove what is at the path."""
    return change(find(arguments), unset_value(arguments.path), arguments)
