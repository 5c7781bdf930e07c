"""Faults of a running lab's links: down, slow, lossy; recorded, and kept until they are cleared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec

from nlan.api.edits import fault_link
from nlan.api.runs.request import Options
from nlan.errors import InputError, Problem
from nlan.model import Lab
from nlan.model.segments import segments_of
from nlan.schema.syntax.report import listed, nearest
from nlan.schema.written.kinds import ScalarKind
from nlan.services.faults.model import Fault, Faults
from nlan.services.queues.written import DURATION, PERCENT, RATE
from nlan.values import natural

if TYPE_CHECKING:
    from nlan.api.lab import Lab as RunningLab
    from nlan.api.runs.request import Applied

T = TypeVar("T")
End = tuple[str, str]
"""A node and its interface."""


class LinkFault(NamedTuple):
    """An interface that has a fault.

    Attributes:
        node: The node.
        interface: Its interface.
        others: Nodes at the other end, each with its interface.
        fault: What is done, in words: ``down``, ``delay 20ms, loss 1%``.
    """

    node: str
    interface: str
    others: tuple[str, ...]
    fault: str


class FaultOptions(Options, total=False):
    """What is done to a link, in the words that its description takes, and how the change is made.

    Attributes:
        down: Take both ends down, or up again.
        rate: How fast packets leave at either end, such as ``10M``.
        delay: How long each is held, such as ``20ms``.
        jitter: By how much that varies.
        loss: How many are lost, such as ``1%``.
    """

    down: bool | None
    rate: str | None
    delay: str | None
    jitter: str | None
    loss: str | None


class Wanted(NamedTuple):
    """What shall be done to a link; None leaves it as it is."""

    down: bool | None = None
    rate: int | None = None
    delay_us: int | None = None
    jitter_us: int | None = None
    loss: float | None = None

    def over(self, before: Fault) -> Fault:
        """Return what a fault becomes."""
        said = {name: value for name, value in self._asdict().items() if value is not None}
        return msgspec.structs.replace(before, **said)


def wanted(
    *,
    down: bool | None = None,
    rate: str | None = None,
    delay: str | None = None,
    jitter: str | None = None,
    loss: str | None = None,
) -> Wanted:
    """Return what shall be done by what somebody typed, in the words that a link's description takes.

    Raises:
        InputError: With all that cannot be read.
    """
    problems: list[Problem] = []

    def parsed(name: str, kind: ScalarKind[T], text: str | None) -> T | None:
        try:
            return None if text is None else kind.parse(text, plain=True)
        except ValueError as error:
            problems.append(Problem(name, str(error.args[0]), hint="".join(error.args[1:])))
            return None

    found = Wanted(
        down,
        parsed("rate", RATE, rate),
        parsed("delay", DURATION, delay),
        parsed("jitter", DURATION, jitter),
        parsed("loss", PERCENT, loss),
    )
    if problems:
        raise InputError(problems)
    return found


def make(lab: RunningLab, a: str, b: str | None, what: FaultOptions) -> Applied:
    """Make a fault of a running lab's links.

    Raises:
        InputError: There is no such link, or one of the words is none.
        NlanError: Else as `nlan.api.Lab.change` does.
    """
    options: Options = {key: what[key] for key in Options.__annotations__ if key in what}  # type: ignore[assignment, literal-required]
    edit = fault_link(
        a,
        b,
        down=what.get("down"),
        rate=what.get("rate"),
        delay=what.get("delay"),
        jitter=what.get("jitter"),
        loss=what.get("loss"),
    )
    return lab.change(edit, **options)


def known_faults(lab: Lab | None, a: str | None, b: str | None) -> list[LinkFault]:
    """Return the faults of a lab, or those of the links that somebody means.

    Raises:
        InputError: There is no such link.
    """
    if lab is None:
        return []
    ends = None if a is None else ends_of(lab, a, b)
    return [one for one in faults_of(lab) if ends is None or (one.node, one.interface) in ends]


def with_faults(lab: Lab, a: str, b: str | None, change: Wanted | None) -> Lab:
    """Return the lab with a change of what is done to the links of two nodes; None clears them.

    Args:
        lab: As it shall be now.
        a: A node, or one of its interfaces: ``r1``, ``r1:eth2``.
        b: Another; None for whatever is at the other end of `a`'s interface.
        change: What shall be done.

    Raises:
        InputError: There is no such link, or jitter is longer than the delay that it varies.
    """
    for node, interface in ends_of(lab, a, b):
        lab = _at(lab, node, interface, change)
    return lab


def _at(lab: Lab, name: str, interface: str, change: Wanted | None) -> Lab:
    node = lab.node(name)
    ports = {fault.interface: fault for fault in node.get(Faults).ports}
    before = ports.pop(interface, Fault(interface=interface))
    after = Fault(interface=interface) if change is None else change.over(before)
    if (after.jitter_us or 0) > (after.delay_us or 0):
        message = "the jitter is larger than the delay that it varies"
        raise InputError([Problem("jitter", message, hint="say a longer `--delay`")])
    if after != Fault(interface=interface):
        ports[interface] = after
    others = tuple(service for service in node.services if not isinstance(service, Faults))
    services = (*others, Faults(ports=tuple(ports.values()))) if ports else others
    changed = msgspec.structs.replace(node, services=services)
    return msgspec.structs.replace(lab, nodes=tuple(changed if one is node else one for one in lab.nodes))


def faults_of(lab: Lab) -> Iterator[LinkFault]:
    """Yield all faults, in the order of nodes."""
    joined = _joined(lab)
    for node in lab.nodes:
        for fault in node.get(Faults).ports:
            others = joined.get((node.name, fault.interface), ())
            names = tuple(f"{other}:{interface}" for other, interface in others)
            yield LinkFault(node.name, fault.interface, names, fault.effect())


def ends_of(lab: Lab, a: str, b: str | None = None) -> list[End]:
    """Return the ends of the links that somebody means.

    Raises:
        InputError: There is none.
    """
    joined = _joined(lab)
    one, other = _end(lab, a), None if b is None else _end(lab, b)
    mine = [end for end in joined if _is_of(end, one)]
    if other is None:
        if not one[1]:
            raise InputError([Problem(a, f"a second node is wanted, or an interface such as `{a}:eth1`")])
        return [*mine, *(far for end in mine if len(joined[end]) == 1 for far in joined[end])]
    pairs = [(end, far) for end in mine for far in joined[end] if _is_of(far, other)]
    if not pairs:
        near = sorted({f"`{far[0]}`" for end in mine for far in joined[end]}, key=natural)
        there = f"; `{a}` is linked to {listed(near, 'and')}" if near else ""
        raise InputError([Problem(a, f"there is no link between `{a}` and `{b}`{there}")])
    for end, _ in pairs:
        if len(joined[end]) > 1:
            message = f"{end[1]} of {end[0]} is on a segment of {len(joined[end]) + 1} nodes"
            raise InputError([Problem(a, message, hint=f"say `{end[0]}:{end[1]}` alone for that one's port")])
    return list(dict.fromkeys(end for pair in pairs for end in pair))


def _joined(lab: Lab) -> Mapping[End, list[End]]:
    """Return who is at the other end of each interface that a link or a LAN gives a node."""
    own = {(node.name, interface.name) for node in lab.nodes for interface in node.interfaces}
    members: dict[object, list[End]] = {}
    for end, segment in segments_of(lab).items():
        if end in own:
            members.setdefault(segment, []).append(end)
    return {end: [one for one in ends if one != end] for ends in members.values() for end in ends}


def _end(lab: Lab, text: str) -> End:
    name, _, interface = text.partition(":")
    node = next((node for node in lab.nodes if node.name == name), None)
    if node is None:
        hint = nearest(name, [node.name for node in lab.nodes])
        raise InputError([Problem(text, f"no node is called `{name}`", hint=hint)])
    names = [one.name for one in node.interfaces]
    if interface and interface not in names:
        there = f"; there is {listed(names, 'and')}" if names else ""
        message = f"no link or LAN gives {name} an interface `{interface}`{there}"
        raise InputError([Problem(text, message, hint=nearest(interface, names))])
    return name, interface


def _is_of(end: End, meant: End) -> bool:
    return end[0] == meant[0] and meant[1] in ("", end[1])
