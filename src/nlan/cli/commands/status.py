"""`nlan status`: how a lab is."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from typing import Any, NamedTuple

from nlan.api import labs
from nlan.api.context import Context
from nlan.api.status import LabStatus, NodeStatus, status
from nlan.cli.output import (
    Screen,
    counted,
    end_line,
    foreign_lines,
    operation_lines,
    paint,
    plan_value,
    print_json,
    say,
    table,
)
from nlan.cli.running import Terminal, settle
from nlan.confirmation import Confirmation
from nlan.errors import RollbackError
from nlan.expect.hindrances import details
from nlan.keep.presence import keeper_of
from nlan.runtimes import Paths
from nlan.secrets import hide
from nlan.state import find_state
from nlan.values import natural

REFRESH_S = 1.0
MOST_SHOWN = 40
"""Operations of a drift."""
STATE_COLORS = {"ok": "green", "waiting": "yellow", "blocked": "yellow", "drift": "red", "foreign": "red"}


def run(arguments: Namespace) -> int:
    """Print the status once, or until interrupted; exit code 1 where something differs."""
    paths = Paths.from_environment()
    name = labs.choose(paths, arguments.lab).lab
    if arguments.watch:
        return _watch(paths, name, arguments)
    found, remembered = look(paths, name, arguments)
    _print(found, remembered, arguments)
    return 0 if found.ok else 1


class Remembered(NamedTuple):
    """What is known of the lab besides.

    Attributes:
        revision: The applied one.
        nodes: Each node's last outcome.
        waiting: The change that waits to be confirmed.
        kept_by: The process id of its keep.
    """

    revision: int = 0
    nodes: dict[str, Any] = {}  # noqa: RUF012 - a tuple's default, never changed
    waiting: Confirmation | None = None
    kept_by: int | None = None


def look(paths: Paths, name: str, arguments: Namespace) -> tuple[LabStatus, Remembered]:
    """Return the status of a lab against what its database says, and what that says besides."""
    terminal = Terminal(arguments)
    try:
        settle(paths, name, terminal)
    except RollbackError as error:
        terminal.say(str(error))
    state = find_state(paths.state, name, say=terminal.say)
    lab, remembered = None, Remembered()
    if state is not None:
        with state:
            lab, remembered = state.lab(), Remembered(state.applied(), state.status(), state.confirmation())
    remembered = remembered._replace(kept_by=keeper_of(paths, name))
    return status(Context(paths, name), lab), remembered


def _watch(paths: Paths, name: str, arguments: Namespace) -> int:
    """Show the status again and again, until interrupted or until the lab is gone."""
    from threading import Event

    pause = Event()
    screen = Screen() if sys.stdout.isatty() and not arguments.json else None
    try:
        while name in labs.running(paths):
            found, remembered = look(paths, name, arguments)
            if screen is None:
                _print(found, remembered, arguments)
                sys.stdout.flush()
            else:
                head = paint(f"{name}  {time.strftime('%H:%M:%S')}  (Ctrl-C ends)", "dim")
                screen.show(f"{head}\n{_text(found, remembered, arguments)}")
            pause.wait(REFRESH_S)
    except KeyboardInterrupt:
        end_line()
        return 0
    say(f"{name}: no longer there")
    return 0


def _print(found: LabStatus, remembered: Remembered, arguments: Namespace) -> None:
    if arguments.json:
        print_json(_value(found, remembered), lines=arguments.watch)
    else:
        print(_text(found, remembered, arguments))


def _text(found: LabStatus, remembered: Remembered, arguments: Namespace) -> str:
    rows = [_row(node) for node in found.nodes if arguments.verbose or "/" not in node.name or _is_odd(node)]
    text = table(("NODE", "STATE", "ADDRESS", "DAEMONS", "BGP", "OSPF"), rows)
    for word, color in STATE_COLORS.items():
        text = text.replace(f"  {word} ", f"  {paint(word, color)} ")
    lines = [text]
    hosts = sum("/" in node.name for node in found.nodes)
    if hosts and not arguments.verbose:
        lines.append(paint(f"and {counted(hosts, 'host')} (-v lists all)", "dim"))
    if remembered.kept_by is not None:
        lines.append(paint(f"kept by process {remembered.kept_by} (`nlan keep --stop` ends that)", "dim"))
    if (change := remembered.waiting) is not None:
        left = f"{max(0.0, change.left_s):.0f} s"
        lines.append(f"revision {change.revision} is undone in {left} unless `nlan confirm` comes")
    if not found.known:
        lines.append(
            f"{found.lab}: its database is lost, so what shall be is not known; `nlan up FILE` tells it anew"
        )
    for node, outcome in sorted(remembered.nodes.items(), key=lambda item: natural(item[0])):
        if outcome.get("state") == "error":
            lines.append(f"{node}: revision {outcome['revision']} failed: {hide(outcome['reason'])}")
    lines += [f"missing: {node.name}: {line}" for node in found.nodes for line in node.missing]
    lines += [f"cannot come up: {line}" for line in details(found.hindrances)]
    if found.plan:
        lines.append(f"\ndrift: `nlan up` would repair it by {counted(len(found.plan), 'operation')}:")
        for operation in found.plan.operations[:MOST_SHOWN]:
            lines += operation_lines(operation)
        if len(found.plan) > MOST_SHOWN:
            lines.append(f"and {len(found.plan) - MOST_SHOWN} more (`nlan up FILE --dry-run` lists them)")
    return "\n".join((*lines, *foreign_lines(found.plan)))


def _is_odd(node: NodeStatus) -> bool:
    return bool(node.drift or node.harmful)


def _row(node: NodeStatus) -> tuple[str, ...]:
    addresses = [a for interface in _by_weight(node) for a in node.addresses[interface]]
    shown = addresses[0] + (f" +{len(addresses) - 1}" if len(addresses) > 1 else "") if addresses else "-"
    wanted = max(len(node.bgp_wanted), len(node.bgp))
    bgp = f"{node.bgp_up}/{wanted}" if wanted else "-"
    neighbors = max(sum(node.ospf_wanted.values()), len(node.ospf))
    ospf = f"{sum(n['up'] for n in node.ospf)}/{neighbors}" if neighbors else "-"
    return node.name, node.state, shown, " ".join(node.daemons) or "-", bgp, ospf


def _by_weight(node: NodeStatus) -> list[str]:
    """Return the interfaces, the loopback first."""
    return sorted(node.addresses, key=lambda interface: (interface != "lo", natural(interface)))


def _value(found: LabStatus, remembered: Remembered) -> dict[str, Any]:
    nodes = {}
    for node in found.nodes:
        value = node._asdict()
        del value["name"], value["drift"]
        value["state"] = node.state
        value["hindrances"] = [str(hindrance) for hindrance in node.hindrances]
        value["bgp_wanted"] = sorted(node.bgp_wanted)
        value["ospf_wanted"] = sorted(node.ospf_wanted)
        value["drift"] = [f"{operation}: {operation.reason}" for operation in node.drift]
        value["applied"] = remembered.nodes.get(node.name)
        nodes[node.name] = value
    change = remembered.waiting
    return {
        "lab": found.lab,
        "known": found.known,
        "revision": remembered.revision,
        "kept_by": remembered.kept_by,
        "unconfirmed": None if change is None else {"revision": change.revision, "left_s": change.left_s},
        "nodes": nodes,
        "drift": plan_value(found.plan),
    }
