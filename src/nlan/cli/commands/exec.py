"""`nlan exec`: a command in one node, or in many at once."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from nlan.api import labs, names
from nlan.cli.output import print_json
from nlan.errors import HostError, InputError
from nlan.runtimes import NetnsRuntime, Paths

NOT_FOUND = 127
"""What a shell exits with where a command does not exist."""

Result = dict[str, int | str]
"""``exit``, ``stdout`` and ``stderr`` of one command."""


def run(arguments: Namespace) -> int:
    """Run the command after ``--`` and pass its exit code on; of many, the highest."""
    if not arguments.command:
        raise InputError("say what to run: nlan exec NODE -- COMMAND …")
    if arguments.all and arguments.node is not None:
        raise InputError(f"say one of {arguments.node} and --all")
    place = labs.choose(Paths.from_environment(), arguments.lab)
    existing = place.namespaces()
    if arguments.all:
        wanted = [name for name in names.visible(existing) if "/" not in name]
    elif arguments.node is None:
        raise InputError("say where to run it: a node, a pattern such as `pe*`, or --all")
    else:
        wanted = names.match_namespaces(arguments.node, existing, lambda: labs.second_names(place))
    if len(wanted) != 1 or arguments.json:
        return _run_many(place, wanted, arguments.command, as_json=arguments.json)
    return enter(place, wanted[0], arguments.command)


def enter(place: NetnsRuntime, namespace: str, command: Sequence[str]) -> int:
    """Become the command, inside the node; returns only where it does not exist."""
    sys.stdout.flush()
    place.enter(namespace)
    try:
        os.execvp(command[0], list(command))
    except OSError as failure:
        print(f"{command[0]}: {failure.strerror}", file=sys.stderr)
    return NOT_FOUND


def _run_many(place: NetnsRuntime, wanted: Sequence[str], command: Sequence[str], *, as_json: bool) -> int:
    results = run_all(place, wanted, command)
    if as_json:
        print_json(results, secrets=True)  # a program's own words
    else:
        for name, result in results.items():
            _print_result(name, result)
    return max((int(result["exit"]) for result in results.values()), default=0)


def run_all(place: NetnsRuntime, wanted: Sequence[str], command: Sequence[str]) -> dict[str, Result]:
    """Run the command in all of them; Ctrl-C, which reaches none of these sessions, ends them."""
    stop = os.eventfd(0, os.EFD_CLOEXEC)
    with ThreadPoolExecutor(max_workers=16) as pool:
        try:
            found = pool.map(lambda name: _run_one(place, name, command, stop), wanted)
            return dict(zip(wanted, found, strict=True))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            os.eventfd_write(stop, 1)
            raise


def _run_one(place: NetnsRuntime, namespace: str, command: Sequence[str], stop: int) -> Result:
    try:
        done = place.run(namespace, command, stop=stop)
    except HostError as error:
        return {"exit": NOT_FOUND, "stdout": "", "stderr": f"{error}\n"}
    code = done.returncode if done.returncode >= 0 else 128 - done.returncode
    return {
        "exit": code,
        "stdout": done.stdout.decode(errors="replace"),
        "stderr": done.stderr.decode(errors="replace"),
    }


def _print_result(name: str, result: Result) -> None:
    for line in str(result["stdout"]).splitlines():
        print(f"{name}: {line}")
    for line in str(result["stderr"]).splitlines():
        print(f"{name}: {line}", file=sys.stderr)
    if result["exit"]:
        print(f"{name}: exit code {result['exit']}", file=sys.stderr)
