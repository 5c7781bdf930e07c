"""`nlan rollback`: the network turned into an earlier revision, in place, or brought up as it was then."""

from __future__ import annotations

from argparse import Namespace

from nlan.api import Environment
from nlan.api.edits import to_revision
from nlan.cli.terminal import change, find


def run(arguments: Namespace) -> int:
    """Plan from the running network to the revision, and apply."""
    Environment().privileges.need_root()
    return change(find(arguments, running=False), to_revision(arguments.revision), arguments)
