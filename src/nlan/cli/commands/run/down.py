"""`nlan down`: a lab removed, wholly, with or without its file and database."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from typing import Any

from nlan.api import Environment, Lab, catalog
from nlan.cli.output import counted, print_json, say
from nlan.cli.terminal import Terminal, find
from nlan.errors import InputError, NlanError
from nlan.values import natural


def run(arguments: Namespace) -> int:
    """Remove the lab that is meant, or every lab."""
    environment = Environment()
    environment.privileges.need_root()
    if arguments.all and arguments.lab is not None:
        raise InputError(f"say one of {arguments.lab} and --all")
    if not arguments.all:
        lab = find(arguments, running=arguments.lab is None)
        _print([lab.down(purge=arguments.purge)._asdict()], as_json=arguments.json)
        return 0
    names = catalog.running(environment.paths)
    if arguments.purge:
        names = sorted({*names, *catalog.known(environment.paths)}, key=natural)
    labs = (Lab(name, environment=environment, listener=Terminal(arguments)) for name in names)
    return remove_each(labs, purge=arguments.purge, as_json=arguments.json)


def remove_each(labs: Iterable[Lab], *, purge: bool, as_json: bool) -> int:
    """Remove many labs, print what became of each, and return the exit code."""
    removed = [_attempt(lab, purge=purge) for lab in labs]
    _print(removed, as_json=as_json)
    return 1 if any("error" in one for one in removed) else 0


def _attempt(lab: Lab, *, purge: bool) -> dict[str, Any]:
    """Remove one of many: one that cannot be removed does not keep the others."""
    try:
        return lab.down(purge=purge)._asdict()
    except NlanError as error:
        return {"lab": lab.name, "error": str(error)}


def _print(removed: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(removed)
        return
    for one in removed:
        if "error" in one:
            say(f"{one['lab']}: {one['error']}")
            continue
        forgotten = ", history and addresses forgotten" if one["forgotten"] else ""
        seconds = f"{one['seconds']:.2f} s"
        print(f"{one['lab']}: {counted(one['namespaces'], 'namespace')} removed{forgotten} ({seconds})")
    if not removed:
        print("no lab runs")
