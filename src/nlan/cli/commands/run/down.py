"""`nlan down`: a lab removed, wholly, with or without its file and database."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from nlan.api import Lab, Paths, catalog
from nlan.cli.output import counted, print_json, say
from nlan.cli.terminal import Terminal, find
from nlan.errors import InputError, NlanError
from nlan.values import natural


def run(arguments: Namespace) -> int:
    """Remove the lab that is meant, or every lab."""
    catalog.need_root()
    if arguments.all and arguments.lab is not None:
        raise InputError(f"say one of {arguments.lab} and --all")
    if not arguments.all:
        lab = find(arguments, running=arguments.lab is None)
        _print([lab.down(purge=arguments.purge)._asdict()], as_json=arguments.json)
        return 0
    paths = Paths.from_environment()
    names = catalog.running(paths)
    if arguments.purge:
        names = sorted({*names, *catalog.known(paths)}, key=natural)
    removed = [_attempt(Lab(name, listener=Terminal(arguments)), arguments) for name in names]
    _print(removed, as_json=arguments.json)
    return 1 if any("error" in one for one in removed) else 0


def _attempt(lab: Lab, arguments: Namespace) -> dict[str, Any]:
    """Remove one of many: one that cannot be removed does not keep the others."""
    try:
        return lab.down(purge=arguments.purge)._asdict()
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
