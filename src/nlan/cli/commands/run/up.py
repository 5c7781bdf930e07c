"""`nlan up`: the network of a file, built or changed in place."""

from __future__ import annotations

from argparse import Namespace

from nlan.api import Environment
from nlan.cli.terminal import finish, from_file, options


def run(arguments: Namespace) -> int:
    """Load the file, plan, apply, wait; exit code 1 where something is missing at the end."""
    if arguments.dry_run:
        from nlan.cli.commands.run.plan import show_plan

        show_plan(arguments)
        return 0
    Environment().privileges.need_root()
    lab = from_file(arguments)
    done = lab.up(
        replace=arguments.replace,
        strict=arguments.strict,
        exclusive=arguments.exclusive,
        **options(arguments),
    )
    return finish(lab, done, arguments)
