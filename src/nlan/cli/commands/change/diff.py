"""`nlan diff`: two revisions compared, or a revision and the running network."""

from __future__ import annotations

import difflib
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nlan.api import MISSING
from nlan.cli.output import paint, plan_text, plan_value, print_json
from nlan.cli.terminal import find
from nlan.errors import InputError
from tega.paths import format_path

if TYPE_CHECKING:
    from nlan.api import Difference, Lab

DIFFERENCES = 2


def run(arguments: Namespace) -> int:
    """Print the differences; exit code 0 none, 2 some."""
    if len(arguments.revisions) > 2:
        raise InputError("give at most two revisions")
    lab = find(arguments, running=False)
    if len(arguments.revisions) == 2:
        return _revisions(lab, *arguments.revisions, arguments=arguments)
    return _running(lab, arguments)


def _running(lab: Lab, arguments: Namespace) -> int:
    found = lab.distance(*arguments.revisions)
    revision, applied, plan = found.revision, found.applied, found.plan
    if arguments.json:
        print_json({"lab": lab.name, "revision": revision, "applied": applied, **plan_value(plan)})
    elif plan:
        there = "the running network" if found.is_running else "nothing (the lab does not run)"
        print(f"from {there} to revision {revision}:")
        print(plan_text(plan, verbose=arguments.verbose > 0))
    elif revision == applied:
        print(f"the running network is at revision {revision}")
    else:
        print(f"the running network, at revision {applied}, is what revision {revision} describes")
    return DIFFERENCES if plan else 0


def _revisions(lab: Lab, before: int, after: int, *, arguments: Namespace) -> int:
    found = lab.diff(before, after, secrets=arguments.secrets)
    if arguments.json:
        print_json([_value(one) for one in found], secrets=True)
        return DIFFERENCES if found else 0
    for one in found:
        for line in _lines(one):
            print(paint(line, {"-": "red", "+": "green"}.get(line[0], "")))
    if not found:
        print("no difference")
    return DIFFERENCES if found else 0


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
