"""`nlan history`: the revisions of a lab."""

from __future__ import annotations

import time
from argparse import Namespace

from nlan.cli.output import print_json, say, table
from nlan.control.labs import remembered_name
from nlan.runtimes import Paths
from nlan.secrets import hide
from nlan.state import Revision, get_state


def run(arguments: Namespace) -> int:
    """Print when, who, message, what changed, and which one is applied; newest first."""
    paths = Paths.from_environment()
    name = remembered_name(paths, arguments.lab)
    with get_state(paths.state, name, say=say) as state:
        revisions = state.revisions(arguments.n)
    if arguments.json:
        print_json(revisions)
    else:
        print(table(("REVISION", "WHEN", "WHO", "CHANGED", "MESSAGE"), map(_row, revisions)))
    return 0


def _row(revision: Revision) -> tuple[str, ...]:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(revision.time))
    changed = ", ".join(revision.changed[:6]) + (" …" if len(revision.changed) > 6 else "")
    mark = " *" if revision.applied else ""
    return f"{revision.revision}{mark}", when, revision.author, changed, hide(revision.message)
