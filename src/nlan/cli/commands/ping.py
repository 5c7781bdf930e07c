"""`nlan ping`: by node name, or all hosts at once."""

from __future__ import annotations

import sys
from argparse import Namespace
from statistics import median

from nlan.api import labs, reach
from nlan.api.context import Context
from nlan.cli.output import paint, print_json, say
from nlan.drivers.ping import full_tables, ping_matrix
from nlan.errors import InputError
from nlan.model import Lab
from nlan.runtimes import Paths
from nlan.state import find_state

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
    paths = Paths.from_environment()
    context = Context(paths, labs.choose(paths, arguments.lab).lab)
    lab = _remembered(paths, context)
    pairs = (
        reach.matrix(context, lab)
        if arguments.all
        else [reach.pair(context, lab, arguments.source, arguments.target)]
    )
    answers: dict[reach.Pair, list[float | None]] = {pair: [] for pair in pairs}
    full = full_tables()
    for _ in range(arguments.count):
        for pair, rtt_ms in ping_matrix(context.place, pairs, arguments.timeout).items():
            answers[pair].append(rtt_ms)
    code = _report(answers, as_json=arguments.json)
    if code and full_tables() > full:
        say(FULL)
    return code


def _remembered(paths: Paths, context: Context) -> Lab | None:
    state = find_state(paths.state, context.place.lab, say=say)
    if state is None:
        return None
    with state:
        return state.lab()


def _report(answers: dict[reach.Pair, list[float | None]], *, as_json: bool) -> int:
    lost = [pair for pair, rtts in answers.items() if None in rtts]
    if as_json:
        print_json(
            [
                {"source": source, "target": str(target), "rtt_ms": rtts}
                for (source, target), rtts in answers.items()
            ]
        )
        return 1 if lost else 0
    rtts = [rtt for values in answers.values() for rtt in values if rtt is not None]
    for source, target in lost[:MOST_SHOWN]:
        say(f"{paint('no answer:', 'red', sys.stderr)} {source} -> {target}")
    if len(lost) > MOST_SHOWN:
        say(f"… and {len(lost) - MOST_SHOWN} more")
    times = f", rtt min/median/max {min(rtts):.2f}/{median(rtts):.2f}/{max(rtts):.2f} ms" if rtts else ""
    print(f"{len(answers) - len(lost)} of {len(answers)} answered{times}")
    return 1 if lost else 0
