"""`nlan diff`: two revisions compared, or a revision and the running network."""

from __future__ import annotations

import difflib
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

from nlan.api.changes import SECRETS, at_revision
from nlan.api.context import Context
from nlan.api.differences import MISSING, Difference, differences
from nlan.api.labs import remembered_name, running
from nlan.api.lifecycle import planned
from nlan.cli.output import paint, plan_text, plan_value, print_json, say
from nlan.errors import InputError
from nlan.runtimes import Paths
from nlan.secrets import HIDDEN, hide
from nlan.state import LabState, get_state
from tega.paths import format_path

DIFFERENCES = 2


def run(arguments: Namespace) -> int:
    """Print the differences; exit code 0 none, 2 some."""
    if len(arguments.revisions) > 2:
        raise InputError("give at most two revisions")
    paths = Paths.from_environment()
    name = remembered_name(paths, arguments.lab)
    with get_state(paths.state, name, say=say) as state:
        if len(arguments.revisions) == 2:
            return _revisions(state, *arguments.revisions, arguments=arguments)
        return _running(paths, state, name, arguments)


def _running(paths: Paths, state: LabState, name: str, arguments: Namespace) -> int:
    applied = state.applied()
    revision = arguments.revisions[0] if arguments.revisions else applied or state.head()
    plan = planned(Context(paths, name), at_revision(state, revision))
    if arguments.json:
        print_json({"lab": name, "revision": revision, "applied": applied, **plan_value(plan)})
    elif plan:
        there = "the running network" if name in running(paths) else "nothing (the lab does not run)"
        print(f"from {there} to revision {revision}:")
        print(plan_text(plan, verbose=arguments.verbose > 0))
    elif revision == applied:
        print(f"the running network is at revision {revision}")
    else:
        print(f"the running network, at revision {applied}, is what revision {revision} describes")
    return DIFFERENCES if plan else 0


def _revisions(state: LabState, before: int, after: int, *, arguments: Namespace) -> int:
    old, new = (at_revision(state, revision) for revision in (before, after))
    found = [_shown(difference, secrets=arguments.secrets) for difference in differences(old, new)]
    if arguments.json:
        print_json([_value(one) for one in found], secrets=True)
        return DIFFERENCES if found else 0
    for one in found:
        for line in _lines(one):
            print(paint(line, {"-": "red", "+": "green"}.get(line[0], "")))
    if not found:
        print("no difference")
    return DIFFERENCES if found else 0


def _shown(difference: Difference, *, secrets: bool) -> Difference:
    if secrets:
        return difference
    path, before, after = difference
    return Difference(path, _without_keys(before, path[-1]), _without_keys(after, path[-1]))


def _without_keys(value: Any, key: str = "") -> Any:
    """Return a value of the model with its keys and passwords hidden."""
    match value:
        case dict():
            return {name: _without_keys(inner, name) for name, inner in value.items()}
        case list():
            return [_without_keys(inner) for inner in value]
        case str():
            return HIDDEN if key in SECRETS else hide(value)
        case _:
            return value


def _value(one: Difference) -> dict[str, Any]:
    sides = {"before": one.before, "after": one.after}
    return {"path": format_path(one.path), **{k: v for k, v in sides.items() if v is not MISSING}}


def _lines(one: Difference) -> Iterator[str]:
    """Yield a difference line by line: what was, what is; of a text of many lines, those that differ."""
    path = format_path(one.path)
    if isinstance(one.before, str) and isinstance(one.after, str) and "\n" in one.before + one.after:
        yield f"~ {path}:"
        for line in difflib.ndiff(one.before.splitlines(), one.after.splitlines()):
            if line[0] in "-+":
                yield f"{line[0]}     {line[2:]}"
        return
    for sign, value in (("-", one.before), ("+", one.after)):
        if value is not MISSING:
            first, *rest = _yaml(value)
            inline = not isinstance(value, dict | list)
            yield f"{sign} {path}:" + (f" {first}" if inline else "")
            for line in rest if inline else (first, *rest):
                yield f"{sign}     {line}"


def _yaml(value: Any) -> list[str]:
    import yaml

    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110)
    return text.removesuffix("...\n").rstrip("\n").splitlines() or [""]
