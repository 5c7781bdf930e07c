"""`nlan status`: how a lab is."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from typing import TYPE_CHECKING, Any

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
from nlan.cli.terminal import find
from nlan.errors import NotFoundError
from nlan.secrets import hide
from nlan.values import natural

if TYPE_CHECKING:
    from nlan.api import Lab, LabStatus, NodeStatus

REFRESH_S = 1.0
MOST_SHOWN = 40
"""Operations of a drift."""
STATE_COLORS = {"ok": "green", "waiting": "yellow", "blocked": "yellow", "drift": "red", "foreign": "red"}


def run(arguments: Namespace) -> int:
    """Print the status once, or until interrupted; exit code 1 where something differs."""
    lab = find(arguments)
    if arguments.watch:
        return _watch(lab, arguments)
    found = lab.status()
    _print(found, arguments)
    return 0 if found.ok else 1


def _watch(lab: Lab, arguments: Namespace) -> int:
    """Show the status again and again, until interrupted or until the lab is gone."""
    from threading import Event

    pause = Event()
    screen = Screen() if sys.stdout.isatty() and not arguments.json else None
    try:
        while True:
            found = lab.status()
            if screen is None:
                _print(found, arguments)
                sys.stdout.flush()
            else:
                head = paint(f"{lab.name}  {time.strftime('%H:%M:%S')}  (Ctrl-C ends)", "dim")
                screen.show(f"{head}\n{_text(found, arguments)}")
            pause.wait(REFRESH_S)
    except KeyboardInterrupt:
        end_line()
    except NotFoundError:
        say(f"{lab.name}: no longer there")
    return 0


def _print(found: LabStatus, arguments: Namespace) -> None:
    if arguments.json:
        print_json(_value(found), lines=arguments.watch)
    else:
        print(_text(found, arguments))


def _text(found: LabStatus, arguments: Namespace) -> str:
    rows = [_row(node) for node in found.nodes if arguments.verbose or "/" not in node.name or _is_odd(node)]
    text = table(("NODE", "STATE", "ADDRESS", "DAEMONS", "BGP", "OSPF"), rows)
    for word, color in STATE_COLORS.items():
        text = text.replace(f"  {word} ", f"  {paint(word, color)} ")
    lines = [text]
    hosts = sum("/" in node.name for node in found.nodes)
    if hosts and not arguments.verbose:
        lines.append(paint(f"and {counted(hosts, 'host')} (-v lists all)", "dim"))
    if found.kept_by is not None:
        lines.append(paint(f"kept by process {found.kept_by} (`nlan keep --stop` ends that)", "dim"))
    if (change := found.waiting) is not None:
        left = f"{max(0.0, change.left_s):.0f} s"
        lines.append(f"revision {change.revision} is undone in {left} unless `nlan confirm` comes")
    if not found.known:
        lines.append(
            f"{found.lab}: its database is lost, so what shall be is not known; `nlan up FILE` tells it anew"
        )
    for node, outcome in sorted(found.outcomes.items(), key=lambda item: natural(item[0])):
        if outcome.get("state") == "error":
            lines.append(f"{node}: revision {outcome['revision']} failed: {hide(outcome['reason'])}")
    lines += [f"{node.name} {trait}" for node in found.nodes for trait in node.traits]
    lines += [f"{node.name} {note}" for node in found.nodes for note in node.notes]
    lines += [f"missing: {node.name}: {line}" for node in found.nodes for line in node.missing]
    lines += [f"cannot come up: {line}" for line in found.blocked()]
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


def _value(found: LabStatus) -> dict[str, Any]:
    nodes = {}
    for node in found.nodes:
        value = node._asdict()
        del value["name"], value["drift"]
        value["state"] = node.state
        value["hindrances"] = [str(hindrance) for hindrance in node.hindrances]
        value["bgp_wanted"] = sorted(node.bgp_wanted)
        value["ospf_wanted"] = sorted(node.ospf_wanted)
        value["drift"] = [f"{operation}: {operation.reason}" for operation in node.drift]
        value["applied"] = found.outcomes.get(node.name)
        nodes[node.name] = value
    change = found.waiting
    return {
        "lab": found.lab,
        "known": found.known,
        "revision": found.revision,
        "kept_by": found.kept_by,
        "unconfirmed": None if change is None else {"revision": change.revision, "left_s": change.left_s},
        "nodes": nodes,
        "drift": plan_value(found.plan),
    }
