"""`nlan plan`: every operation that `up` would do, with its reason and impact."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

from nlan.cli.output import plan_text, plan_value, print_json, say
from nlan.errors import HostError
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
    loaded, known = read(paths, arguments)
    planned = make_plan(paths, loaded, exclusive=arguments.exclusive)
    other = other_file(paths, arguments, loaded, known)
    if arguments.json:
        replaces = {"replaces": other} if other else {}
        print_json({"lab": loaded.lab.name, **replaces, **plan_value(planned)})
    else:
        if other:
            say(f"note: {loaded.lab.name} runs from {other}, and this would take its place (`up --replace`)")
        print(plan_text(planned, verbose=arguments.verbose > 0))
    return planned


class Known(NamedTuple):
    """What a lab remembers.

    Attributes:
        allocations: What its names were given.
        file: The file that it was last brought up from.
        text: What stood in it.
    """

    allocations: Allocations = Allocations()
    file: str = ""
    text: str = ""


def load(paths: Paths, arguments: Namespace) -> Loaded:
    """Read the file as `read` does."""
    return read(paths, arguments)[0]


def read(paths: Paths, arguments: Namespace) -> tuple[Loaded, Known]:
    """Read the file with what its lab remembers, print its warnings, and return both.

    Raises:
        InputError: The file is wrong.
    """
    known = Known()

    def recall(lab: str) -> Allocations:
        nonlocal known
        known = remembered(paths, lab)
        return known.allocations

    loaded = load_file(Path(arguments.file), lab=arguments.lab, allocations=recall)
    from nlan.api.context import abilities
    from nlan.api.requirements import doubts

    doubtful = doubts(loaded.lab, abilities(), arguments.file, loaded.lines, loaded.frr)
    for warning in (*loaded.warnings, *doubtful):
        say(str(warning))
    return loaded, known


def remembered(paths: Paths, lab: str) -> Known:
    """Return what the lab remembers; nothing where the caller cannot read it, and says so."""
    from nlan.state import database_path, find_state

    directory = database_path(paths.state, lab)
    if not os.access(directory, os.R_OK | os.X_OK):
        if directory.parent.exists():
            say(f"note: only root can read what {lab} remembers: its names may have other addresses")
        return Known()
    state = find_state(paths.state, lab, say=say)
    if state is None:
        return Known()
    with state:
        return Known(state.allocations(), *state.source())


def other_file(paths: Paths, arguments: Namespace, loaded: Loaded, known: Known) -> str:
    """Return the file that a running lab of the name comes from, where it is another one than this.

    A lab that is named on the command line is meant, whatever it came from. A file that is there no more
    was moved, and one with the same text describes the same network.
    """
    from nlan.api import labs

    named = arguments.lab is not None
    same = known.file in ("", str(Path(arguments.file).resolve())) or known.text == loaded.source
    if named or same or not os.path.isfile(known.file):
        return ""
    return known.file if loaded.lab.name in labs.running(paths) else ""


def make_plan(paths: Paths, loaded: Loaded, *, exclusive: bool = False) -> Plan:
    """Return the plan from what runs; where nothing runs, nobody needs a privilege to see that.

    Raises:
        HostError: The lab runs, and only root can see how its nodes are.
    """
    from nlan.api import labs
    from nlan.api.context import Context, abilities
    from nlan.api.lifecycle import planned

    if os.geteuid() != 0:
        if loaded.lab.name in labs.running(paths):
            raise HostError(
                f"{loaded.lab.name} runs, and only root can see how its nodes are: run this with sudo "
                "(a lab that does not run is planned without; `nlan show` checks the file without)"
            )
        from nlan.expand import expand
        from nlan.plan import plan

        return plan(expand(loaded.lab, abilities()), {})
    return planned(Context(paths, loaded.lab.name), loaded.lab, exclusive=exclusive)
