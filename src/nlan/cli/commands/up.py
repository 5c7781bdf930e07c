"""`nlan up`: the network of a file, built or changed in place."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from nlan.api import labs
from nlan.api.lifecycle import Request
from nlan.cli.commands.plan import other_file, read
from nlan.cli.running import Terminal, finish, run_change
from nlan.errors import InputError, OvertakenError
from nlan.runtimes import Paths


def run(arguments: Namespace) -> int:
    """Load the file, plan, apply, wait; exit code 1 where something is missing at the end."""
    paths = Paths.from_environment()
    if arguments.dry_run:
        from nlan.cli.commands.plan import show_plan

        show_plan(paths, arguments)
        return 0
    labs.need_root()
    terminal = Terminal(arguments)
    while True:
        request = _request(paths, arguments)
        try:
            return finish(run_change(paths, request, terminal), request, terminal, arguments)
        except OvertakenError:
            continue  # somebody else gave names to the same lab


def _request(paths: Paths, arguments: Namespace) -> Request:
    loaded, known = read(paths, arguments)
    other = "" if arguments.replace else other_file(paths, arguments, loaded, known)
    if other:
        name = loaded.lab.name
        raise InputError(
            f"a lab {name} runs already, from {other}: `--lab NAME` gives this one another name, "
            f"`--replace` turns {name} into it"
        )
    return Request(
        lab=loaded.lab,
        allocations=loaded.allocations,
        source=(_kept_path(arguments.file), loaded.source),
        message=arguments.message,
        wait=arguments.wait,
        timeout_s=arguments.timeout,
        confirm_s=arguments.confirm,
        lines=loaded.lines,
        frr=loaded.frr,
        strict=arguments.strict,
        exclusive=arguments.exclusive,
        known=known.allocations,
    )


def _kept_path(file: str) -> str:
    """Return the file's path, to be remembered; empty where it is a pipe, which is gone afterwards."""
    path = Path(file).resolve()
    return str(path) if path.is_file() else ""
