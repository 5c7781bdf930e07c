"""`nlan plan`: every operation that `up` would do, with its reason and impact."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from nlan.cli.output import plan_text, plan_value, print_json, say
from nlan.plan import Plan
from nlan.runtimes import Paths
from nlan.schema import Allocations, Loaded
from nlan.schema import load as load_file

CHANGES = 2


def run(arguments: Namespace) -> int:
    """Print the plan; exit code 0 nothing to do, 2 changes."""
    return CHANGES if show_plan(Paths.from_environment(), arguments) else 0


def show_plan(paths: Paths, arguments: Namespace) -> Plan:
    """Print and return what `up` would do."""
    loaded = load(paths, arguments)
    planned = make_plan(paths, loaded)
    if arguments.json:
        print_json({"lab": loaded.lab.name, **plan_value(planned)})
    else:
        print(plan_text(planned, verbose=arguments.verbose > 0))
    return planned


Recall = Callable[[Paths, str], Allocations]
"""Returns what the lab's names were given before."""


def load(paths: Paths, arguments: Namespace, recall: Recall | None = None) -> Loaded:
    """Read the file with what its lab remembers, and print its warnings.

    Raises:
        InputError: The file is wrong.
    """
    recall = recall or remembered
    loaded = load_file(Path(arguments.file), lab=arguments.lab, allocations=lambda lab: recall(paths, lab))
    from nlan.control.requirements import doubts
    from nlan.control.world import abilities

    doubtful = doubts(loaded.lab, abilities(), arguments.file, loaded.lines, loaded.frr)
    for warning in (*loaded.warnings, *doubtful):
        say(str(warning))
    return loaded


def remembered(paths: Paths, lab: str) -> Allocations:
    """Return what the lab's names were given before; nothing where the caller cannot read it."""
    from nlan.state import database_path, find_state

    directory = database_path(paths.state, lab)
    if not os.access(directory, os.R_OK | os.X_OK):
        return Allocations()
    state = find_state(paths.state, lab, say=say)
    if state is None:
        return Allocations()
    with state:
        return state.allocations()


def make_plan(paths: Paths, loaded: Loaded) -> Plan:
    """Return the plan from what runs; without the privilege to look, from nothing where nothing runs.

    Raises:
        HostError: The lab runs, and only root can look into it.
    """
    from nlan.control import labs
    from nlan.control.lifecycle import planned
    from nlan.control.world import World, abilities

    if os.geteuid() != 0:
        if loaded.lab.name in labs.running(paths):
            labs.need_root()
        from nlan.expand import expand
        from nlan.plan import plan

        return plan(expand(loaded.lab, abilities()), {})
    return planned(World(paths, loaded.lab.name), loaded.lab)
