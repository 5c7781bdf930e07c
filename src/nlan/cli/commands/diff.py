"""`nlan diff`: two revisions compared, or a revision and the running network."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from nlan.cli.output import paint, plan_text, plan_value, print_json, say
from nlan.control.changes import at_revision
from nlan.control.labs import remembered_name
from nlan.control.lifecycle import planned
from nlan.control.world import World
from nlan.errors import InputError
from nlan.runtimes import Paths
from nlan.state import LabState, get_state
from tega import MISSING, format_path

DIFFERENCES = 2


def run(arguments: Namespace) -> int:
    """Print the differences; exit code 0 none, 2 some."""
    if len(arguments.revisions) > 2:
        raise InputError("give at most two revisions")
    paths = Paths.from_environment()
    name = remembered_name(paths, arguments.lab)
    with get_state(paths.state, name, say=say) as state:
        if len(arguments.revisions) == 2:
            return _revisions(state, *arguments.revisions, as_json=arguments.json)
        return _running(paths, state, name, arguments)


def _running(paths: Paths, state: LabState, name: str, arguments: Namespace) -> int:
    revision = arguments.revisions[0] if arguments.revisions else state.applied() or state.head()
    plan = planned(World(paths, name), at_revision(state.lab(revision), revision))
    if arguments.json:
        print_json({"lab": name, "revision": revision, **plan_value(plan)})
    elif plan:
        print(f"from the running network to revision {revision}:")
        print(plan_text(plan, verbose=arguments.verbose > 0))
    else:
        print(f"the running network is at revision {revision}")
    return DIFFERENCES if plan else 0


def _revisions(state: LabState, before: int, after: int, *, as_json: bool) -> int:
    at_revision(state.lab(before), before)
    at_revision(state.lab(after), after)
    found = [d for d in state.database.diff(before, after) if _is_desired(d.path[0])]
    if as_json:
        print_json([{"path": format_path(d.path), **_sides(d)} for d in found])
    else:
        for difference in found:
            _print_difference(difference)
        if not found:
            print("no difference")
    return DIFFERENCES if found else 0


def _is_desired(root: str) -> bool:
    return root == "lab" or root.startswith("config-")


def _sides(difference: Any) -> dict[str, Any]:
    sides = {"before": difference.before, "after": difference.after}
    return {side: value for side, value in sides.items() if value is not MISSING}


def _print_difference(difference: Any) -> None:
    path = format_path(difference.path)
    if difference.before is not MISSING:
        print(paint(f"- {path}: {difference.before}", "red"))
    if difference.after is not MISSING:
        print(paint(f"+ {path}: {difference.after}", "green"))
