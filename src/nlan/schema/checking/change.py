"""A changed lab as a whole: what files are checked for, told by the paths of the model, and its wiring.

What was wrong before the change is no matter of the change: a peer outside of the lab, say, which a
file may name as such and the model cannot.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from nlan.errors import Problem
from nlan.model import Lab, Node, lab
from nlan.model.segments import segments_of
from nlan.schema.checking.addressing import parts_of_addresses
from nlan.schema.checking.verify import verify
from nlan.schema.resolving.contributors import installed
from nlan.schema.resolving.drafts import Positions
from nlan.schema.syntax.report import Position, Report, nearest
from nlan.schema.written.resolved_reader import Path, Where

Key = tuple[Hashable, ...]
"""What a part of a node is called among the positions."""


def check_change(changed: Lab, before: Lab, where: Where, report: Report) -> None:
    """Check a lab as a whole, as files are, for what a change made wrong.

    Raises:
        InputError: With every problem that `before` has not.
    """
    known = {problem.message for problem in _problems(before, Where())}
    for problem in _problems(changed, where):
        if problem.severity == "error" and problem.message not in known:
            report.error(Position(problem.path, problem.line, problem.column), problem.message, problem.hint)
    report.stop_if_failed()


def _problems(one: Lab, where: Where) -> tuple[Problem, ...]:
    report = Report("")
    _wiring(one, where, report)
    if not one.nodes:
        report.error(where(("nodes",)), "no node is left", "`nlan down` removes a lab")
    elif not report.failed:
        verify(one, _positions(one, where), report)
    return report.problems()


def _wiring(one: Lab, where: Where, report: Report) -> None:
    """Links and LANs end at interfaces, and interfaces are on a link or a LAN."""
    interfaces = {node.name: {interface.name for interface in node.interfaces} for node in one.nodes}
    ends: set[tuple[str, str]] = set()
    for path, end in _ends(one):
        if (end.node, end.interface) in ends:
            message = f"the interface {end.interface} of {end.node} is on a link or a LAN already"
            report.error(where((*path, "interface")), message)
        ends.add((end.node, end.interface))
        if end.node not in interfaces:
            hint = nearest(end.node, interfaces)
            report.error(where((*path, "node")), f"no node is called `{end.node}`", hint)
        elif end.interface not in interfaces[end.node]:
            hint = nearest(end.interface, interfaces[end.node])
            message = f"{end.node} has no interface `{end.interface}`"
            report.error(where((*path, "interface")), message, hint)
    joined = segments_of(one)
    for node in one.nodes:
        for number, interface in enumerate(node.interfaces):
            if (node.name, interface.name) not in ends | joined.keys():
                at = where((node.name, "interfaces", str(number)))
                report.error(at, f"the interface {interface.name} of {node.name} is on no link and no LAN")
    seen: set[str] = set()
    for node in one.nodes:
        if node.name in seen:
            report.error(where((node.name,)), f"two nodes are called {node.name}")
        seen.add(node.name)


def _ends(one: Lab) -> Iterator[tuple[Path, lab.Endpoint]]:
    for number, link in enumerate(one.links):
        yield ("links", str(number), "a"), link.a
        yield ("links", str(number), "b"), link.b
    for number, lan in enumerate(one.lans):
        for port, end in enumerate(lan.ports):
            yield ("lans", str(number), "ports", str(port)), end


def _positions(one: Lab, where: Where) -> Positions:
    """Return where each part of the lab stands that the checks of the whole speak of."""
    positions = Positions()
    positions.put(where(("underlay", "mtu")), "underlay", "mtu")
    for node in one.nodes:
        for key, path in _parts(node):
            positions.put(where((node.name, *path)), "node", node.name, *key)
    return positions


def _parts(node: Node) -> Iterator[tuple[Key, Path]]:
    yield (), ()
    for word in ("underlay", "gateway"):
        yield (word,), (word,)
    for number, interface in enumerate(node.interfaces):
        path = "interfaces", str(number)
        yield ("interface", interface.name), path
        yield from parts_of_addresses(interface.addresses, (*path, "addresses"))
    for service in installed():
        yield from service.parts(node)
