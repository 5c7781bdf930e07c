"""What verbs take: options that several have, and what reads their values."""

from __future__ import annotations

import math
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any, NamedTuple


class Option(NamedTuple):
    """One argument of a verb, as argparse takes it."""

    names: tuple[str, ...]
    settings: dict[str, Any]


def option(*names: str, **settings: Any) -> Option:
    """Return an option by the words of argparse."""
    return Option(names, settings)


def seconds(text: str) -> float:
    """Return a number of seconds.

    Raises:
        ArgumentTypeError: It is none.
    """
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < math.inf:
        raise ArgumentTypeError(f"`{text}` is no number of seconds")
    return found


def number(least: int) -> Callable[[str], int]:
    """Return what reads a whole number from `least` upwards."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(f"`{text}` is no number from {least} upwards")
        return int(text)

    return read


FILE = option("file", metavar="FILE", help="the file that describes the network")
LAB = option("-l", "--lab", metavar="NAME", help="the lab; may be left out where one runs")
LAB_WORD = (
    option("lab", metavar="LAB", nargs="?", help="the lab; may be left out where one runs"),
    option("-l", "--lab", dest="lab_option", metavar="NAME", help="the same as LAB"),
)
NODE = option("node", metavar="NODE", help="a node (`pe1`) or a host (`ce1/172.21.1.2`, `172.21.1.2`)")
NAMED = option("-l", "--lab", metavar="NAME", help="the lab's name; else the file's own")
ROSTER = option(
    "--roster",
    metavar="FILE",
    help="where the routers of a state file of neutron-lan are; by default `roster.yaml` beside it",
)
JSON = option("--json", action="store_true", help="print JSON")
WAIT = option(
    "--wait",
    choices=("up", "converged", "no"),
    default="converged",
    help="for what to wait: daemons are up, routing has converged (default), or nothing",
)
MODULE = (
    option("node", metavar="NODE", nargs="?", help="a node"),
    option("module", metavar="MODULE", nargs="?", help="such as `subnets`; `--schema` lists them"),
    option(
        "words",
        metavar="WORD=VALUE",
        nargs="*",
        help="lists are `a,b`, mappings `k:v,k:v`; `_index=VALUE` tells which item",
    ),
    option(
        "--schema",
        metavar="MODULE",
        nargs="?",
        const="",
        help="print the words of a module, or of all, instead",
    ),
)
"""What every verb takes that speaks neutron-lan's words."""
SECRETS = option("--secrets", action="store_true", help="show keys and passwords; else they are `<secret>`")
TIMEOUT = option(
    "--timeout", type=seconds, default=60.0, metavar="SECONDS", help="how long to wait at most (default 60)"
)
DRY_RUN = option("--dry-run", action="store_true", help="print the plan, touch nothing")
REPLACE = option("--replace", action="store_true", help="take over a lab that runs from another file")
MESSAGE = option("-m", "--message", default="", metavar="TEXT", help="kept with the revision")
CONFIRM = option(
    "--confirm",
    type=seconds,
    metavar="SECONDS",
    help="undo the change unless `nlan confirm` comes within that time",
)
EXCLUSIVE = option(
    "--exclusive", action="store_true", help="take away what somebody else put into the nodes, this once"
)
STRICT = option(
    "--strict", action="store_true", help="undo all where FRR refuses a line of `frr`, instead of a warning"
)
CHANGE = (LAB, WAIT, TIMEOUT, DRY_RUN, MESSAGE, CONFIRM, JSON)
"""What every verb takes that changes a running lab without its file."""
