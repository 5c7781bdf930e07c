"""`nlan plan`: every operation that `up` would do, with its reason and impact."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from nlan.cli.output import plan_text, plan_value, print_json, say
from nlan.cli.terminal import from_file

if TYPE_CHECKING:
    from nlan.api import Plan

CHANGES = 2


def run(arguments: Namespace) -> int:
    """Print the plan; exit code 0 nothing to do, 2 changes."""
    return CHANGES if show_plan(arguments) else 0


def show_plan(arguments: Namespace) -> Plan:
    """Print and return what `up` would do."""
    lab = from_file(arguments)
    plan = lab.plan(exclusive=arguments.exclusive)
    other = lab.other_file
    if arguments.json:
        replaces = {"replaces": other} if other else {}
        print_json({"lab": lab.name, **replaces, **plan_value(plan)})
    else:
        if other:
            say(f"note: {lab.name} runs from {other}, and this would take its place (`up --replace`)")
        print(plan_text(plan, verbose=arguments.verbose > 0))
    return plan
