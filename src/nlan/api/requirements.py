"""Whether this machine can do what is asked of it; checked before anything is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from nlan.api.features import LINK_KINDS, missing_link_kinds, missing_programs
from nlan.engines.frr.render.daemons import left_out
from nlan.engines.frr.render.frr8 import loopbacks_of_as
from nlan.errors import HostError, InputError, Problem
from nlan.expand.abilities import Abilities
from nlan.model import Lab, Node
from nlan.plan import Operation, Plan
from nlan.resources import Cgroup

WhyNot = Callable[[str], str | None]
"""Tells why a controller of cgroups (``memory``, ``cpu``, ``pids``) cannot be used; None if it can."""


def check(
    plan: Plan,
    file: str = "",
    lines: dict[str, int] | None = None,
    why_not_limit: WhyNot = lambda _: None,
    why_no_node: Callable[[], str | None] = lambda: None,
) -> None:
    """Refuse a plan that this machine lacks something for.

    Args:
        plan: What is about to be done.
        file: What the plan comes from, for the message.
        lines: The line of each node in that file.
        why_not_limit: Knows which limits this machine can set; asked only where the plan sets some.
        why_no_node: Knows whether this machine can have nodes; asked only where the plan makes some.

    Raises:
        HostError: It can have none, for a reason that is no node's.
        InputError: Names each node, what it needs, and how to get it.
    """
    made = [o for o in plan.operations if o.action in ("create", "replace")]
    if any(o.key.kind == "namespace" for o in made) and (reason := why_no_node()) is not None:
        raise HostError(f"{reason}; nothing was touched")
    links = missing_link_kinds({o.key.kind for o in made if o.key.kind in LINK_KINDS})
    daemons = missing_programs(o.key.name for o in made if o.key.kind in ("frr", "gobgp"))
    problems = list(_problems(made, links, daemons, file, lines or {}))
    problems += _limit_problems(plan, why_not_limit, file, lines or {})
    if problems:
        raise InputError(problems)


def doubts(
    lab: Lab,
    able: Abilities,
    file: str = "",
    lines: dict[str, int] | None = None,
    frr: Mapping[str, tuple[str, tuple[int, ...]]] | None = None,
) -> list[Problem]:
    """Return what this machine's programs do otherwise than the lab may expect; all are warnings.

    Raw FRR lines are left out where the daemon that they are for is not installed.
    FRR before version 9 never uses an iBGP route to the very address of its next hop. A router that has
    its AS's loopbacks from static routes alone therefore tells external peers nothing of them.
    """
    found = list(_left_out(lab, able, file, frr or {}))
    for node in lab.nodes if not able.frr_manager else ():
        if untold := _untold(node, lab):
            message = (
                f"this machine's FRR tells the external peers of {node.name} nothing of {', '.join(untold)}: "
                "each is the next hop of its own iBGP route"
            )
            hint = "OSPF in the AS helps, or FRR 10"
            line = (lines or {}).get(node.name, 0)
            found.append(Problem(node.name, message, file, line, hint=hint, severity="warning"))
    return found


def _left_out(
    lab: Lab, able: Abilities, file: str, places: Mapping[str, tuple[str, tuple[int, ...]]]
) -> Iterator[Problem]:
    """Yield what raw lines need and this machine lacks."""
    for node in lab.nodes if able.frr_absent else ():
        for daemon, number in left_out(node, able.frr_absent).items():
            name, at = places.get(node.name, (file, ()))
            message = f"{daemon} is not installed: the lines for it are left out"
            line = at[number - 1] if number <= len(at) else 0
            yield Problem(f"{node.name}.frr", message, name, line, severity="warning")


def _untold(node: Node, lab: Lab) -> list[str]:
    """Return the loopbacks of its AS that a border router without OSPF has by iBGP with themselves."""
    router = node.router
    if router is None or router.bgp is None or router.ospf or router.frr or router.engine != "frr":
        return []
    asn = router.bgp.asn
    if all(peer.peer_asn == asn for peer in router.bgp.peers):
        return []
    inside = [n.router.bgp for n in lab.nodes if n.router and n.router.bgp and n.router.bgp.asn == asn]
    spoken_from = {peer.address for bgp in inside for peer in bgp.peers if peer.peer_asn == asn}
    return [str(value.ip) for value in loopbacks_of_as(node, lab) if value.ip in spoken_from]


def _problems(
    made: list[Operation], links: dict[str, str], daemons: dict[str, str], file: str, lines: dict[str, int]
) -> Iterator[Problem]:
    told = set()
    for operation in made:
        kind, namespace, name = operation.key
        node = namespace.partition("/")[0]
        if kind in links and (node, kind) not in told:
            told.add((node, kind))
            words = f"needs {LINK_KINDS[kind][2]}, and this kernel cannot make a {kind} link: {links[kind]}"
            hint = f"try `modprobe {LINK_KINDS[kind][0]}`; `nlan doctor` says more"
            yield Problem(node, words, file, lines.get(node, 0), hint=hint)
        if kind in ("frr", "gobgp") and name in daemons:
            yield Problem(node, f"needs {daemons[name]}", file, lines.get(node, 0), hint="see `nlan doctor`")


def _limit_problems(plan: Plan, why_not: WhyNot, file: str, lines: dict[str, int]) -> Iterator[Problem]:
    for operation in plan.operations:
        wanted = operation.desired
        if operation.action == "delete" or not isinstance(wanted, Cgroup):
            continue
        asked = {"memory": wanted.memory, "cpu": wanted.cpus, "pids": wanted.pids}
        for controller in (name for name, value in asked.items() if value is not None):
            if (reason := why_not(controller)) is not None:
                node = wanted.namespace
                path = f"{node}.limits.{'cpus' if controller == 'cpu' else controller}"
                words = f"cannot be had on this machine: {reason}"
                yield Problem(path, words, file, lines.get(node, 0))
