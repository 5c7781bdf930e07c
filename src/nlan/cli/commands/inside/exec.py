"""`nlan exec`: a command in one node, or in many at once."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nlan.cli.output import print_json
from nlan.cli.terminal import find
from nlan.errors import InputError

if TYPE_CHECKING:
    from nlan.api import Executed, Lab

NOT_FOUND = 127
"""What a shell exits with where a command does not exist."""


def run(arguments: Namespace) -> int:
    """Run the command after ``--`` and pass its exit code on; of many, the highest."""
    if not arguments.command:
        raise InputError("say what to run: nlan exec NODE -- COMMAND …")
    if arguments.all and arguments.node is not None:
        raise InputError(f"say one of {arguments.node} and --all")
    return run_in(find(arguments), arguments)


def run_in(lab: Lab, arguments: Namespace) -> int:
    """Do so in the nodes of a lab that the arguments mean."""
    if arguments.node is None and not arguments.all:
        raise InputError("say where to run it: a node, a pattern such as `pe*`, or --all")
    wanted = lab.namespaces(arguments.node)
    if len(wanted) == 1 and not arguments.json:
        return enter(lab, wanted[0], arguments.command)
    results = lab.exec_all(arguments.command, wanted)
    _print(results, as_json=arguments.json)
    return max((result.exit for result in results.values()), default=0)


def enter(lab: Lab, node: str, command: Sequence[str]) -> int:
    """Become the command, inside the node; returns only where it does not exist."""
    sys.stdout.flush()
    lab.enter(node)
    try:
        os.execvp(command[0], list(command))
    except OSError as failure:
        print(f"{command[0]}: {failure.strerror}", file=sys.stderr)
    return NOT_FOUND


def _print(results: Mapping[str, Executed], *, as_json: bool) -> None:
    if as_json:  # a program's own words
        print_json({name: result._asdict() for name, result in results.items()}, secrets=True)
        return
    for name, result in results.items():
        for line in result.stdout.splitlines():
            print(f"{name}: {line}")
        for line in result.stderr.splitlines():
            print(f"{name}: {line}", file=sys.stderr)
        if result.exit:
            print(f"{name}: exit code {result.exit}", file=sys.stderr)
