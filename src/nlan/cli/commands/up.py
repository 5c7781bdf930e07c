"""`nlan up`: the network of a file, built or changed in place."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from nlan.cli.commands.plan import load
from nlan.cli.running import Terminal, finish, run_change
from nlan.control import labs
from nlan.control.lifecycle import Request
from nlan.runtimes import Paths


def run(arguments: Namespace) -> int:
    """Load the file, plan, apply, wait; exit code 1 where something is missing at the end."""
    paths = Paths.from_environment()
    if arguments.dry_run:
        from nlan.cli.commands.plan import show_plan

        show_plan(paths, arguments)
        return 0
    labs.need_root()
    loaded = load(paths, arguments)
    terminal = Terminal(arguments)
    request = Request(
        lab=loaded.lab,
        allocations=loaded.allocations,
        source=(str(Path(arguments.file).resolve()), loaded.source),
        message=arguments.message,
        wait=arguments.wait,
        timeout_s=arguments.timeout,
        confirm_s=arguments.confirm,
        lines=loaded.lines,
    )
    return finish(run_change(paths, request, terminal), request, terminal, arguments)
