"""Whether this machine can do what a plan asks of it; checked before anything is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nlan.control.features import LINK_KINDS, missing_link_kinds, missing_programs
from nlan.errors import InputError, Problem
from nlan.plan import Operation, Plan
from nlan.resources import Cgroup

WhyNot = Callable[[str], str | None]
"""Tells why a controller of cgroups (``memory``, ``cpu``, ``pids``) cannot be used; None if it can."""


def check(
    plan: Plan, file: str = "", lines: dict[str, int] | None = None, why_not_limit: WhyNot = lambda _: None
) -> None:
    """Refuse a plan that this machine lacks something for.

    Args:
        plan: What is about to be done.
        file: What the plan comes from, for the message.
        lines: The line of each node in that file.
        why_not_limit: Knows which limits this machine can set; asked only where the plan sets some.

    Raises:
        InputError: Names each node, what it needs, and how to get it.
    """
    made = [o for o in plan.operations if o.action in ("create", "replace")]
    links = missing_link_kinds({o.key.kind for o in made if o.key.kind in LINK_KINDS})
    daemons = missing_programs(o.key.name for o in made if o.key.kind in ("frr", "gobgp"))
    problems = list(_problems(made, links, daemons, file, lines or {}))
    problems += _limit_problems(plan, why_not_limit, file, lines or {})
    if problems:
        raise InputError(problems)


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
