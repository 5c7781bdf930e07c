"""`nlan history`: the revisions of a lab."""

from __future__ import annotations

import time
from argparse import Namespace
from typing import TYPE_CHECKING

from nlan.cli.output import paint, print_json, table
from nlan.cli.terminal import find
from nlan.secrets import hide

if TYPE_CHECKING:
    from nlan.api import Revision


def run(arguments: Namespace) -> int:
    """Print when, who, message, what changed, and what became of it; newest first."""
    revisions = find(arguments, running=False).history(arguments.n)
    if arguments.json:
        print_json(revisions)
        return 0
    text = table(("REVISION", "STATE", "WHEN", "WHO", "CHANGED", "MESSAGE"), map(_row, revisions))
    for word, color in STATE_COLORS.items():
        text = text.replace(f"  {word} ", f"  {paint(word, color)} ")
    print(text)
    return 0


STATE_COLORS = {"current": "green", "unconfirmed": "yellow", "failed": "red", "unfinished": "red"}
MOST_SHOWN = 6
"""Nodes of a change."""


def _row(revision: Revision) -> tuple[str, ...]:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(revision.time))
    changed = ", ".join(revision.changed[:MOST_SHOWN]) + (" …" if len(revision.changed) > MOST_SHOWN else "")
    state = "" if revision.state == "past" else revision.state
    why = revision.reason.partition("\n")[0]
    message = hide(": ".join(part for part in (revision.message, why) if part))
    return f"{revision.revision}", state, when, revision.author, changed, message
