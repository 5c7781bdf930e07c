"""`nlan ping`: by node name, or all hosts at once."""

from __future__ import annotations

import sys
from argparse import Namespace
from statistics import median
from typing import TYPE_CHECKING

from nlan.cli.output import paint, print_json, say
from nlan.cli.terminal import find
from nlan.errors import InputError

if TYPE_CHECKING:
    from nlan.api import Pings

MOST_SHOWN = 20
FULL = (
    "the kernel's table of neighbours was full meanwhile, which all labs of the machine share: this says "
    "little of the lab. Allow for more: "
    "sysctl -w net.ipv4.neigh.default.gc_thresh3=65536 net.ipv6.neigh.default.gc_thresh3=65536"
)


def run(arguments: Namespace) -> int:
    """Ping, and say who did not answer; exit code 0 where all did."""
    if not arguments.all and not (arguments.source and arguments.target):
        raise InputError("say who asks whom: nlan ping SRC DST, or nlan ping --all")
    if arguments.all and arguments.source:
        raise InputError(f"say one of {arguments.source} and --all")
    lab = find(arguments)
    found = lab.ping(arguments.source, arguments.target, count=arguments.count, timeout_s=arguments.timeout)
    if arguments.json:
        print_json([{**pair._asdict(), "target": str(pair.target)} for pair in found.pairs])
    else:
        _print(found)
    if found.is_table_full:
        say(FULL)
    return 0 if found.ok else 1


def _print(found: Pings) -> None:
    lost = [pair for pair in found.pairs if not pair.ok]
    rtts = [rtt for pair in found.pairs for rtt in pair.rtt_ms if rtt is not None]
    for pair in lost[:MOST_SHOWN]:
        say(f"{paint('no answer:', 'red', sys.stderr)} {pair.source} -> {pair.target}")
    if len(lost) > MOST_SHOWN:
        say(f"… and {len(lost) - MOST_SHOWN} more")
    times = f", rtt min/median/max {min(rtts):.2f}/{median(rtts):.2f}/{max(rtts):.2f} ms" if rtts else ""
    print(f"{len(found.pairs) - len(lost)} of {len(found.pairs)} answered{times}")
