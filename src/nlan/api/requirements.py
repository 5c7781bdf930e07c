"""Whether this machine can do what is asked of it; checked before anything is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from nlan.api.features import LINK_KINDS, missing_link_kinds
from nlan.engines.base import Engines, RawPlace
from nlan.errors import HostError, InputError, Problem
from nlan.kinds.cgroup import Cgroup
from nlan.model import Lab
from nlan.plan import Operation, Plan

WhyNot = Callable[[str], str | None]
"""Tells why a controller of cgroups (``memory``, ``cpu``, ``pids``) cannot be used; None if it can."""


def check(
    plan: Plan,
    engines: Engines,
    file: str = "",
    lines: dict[str, int] | None = None,
    why_not_limit: WhyNot = lambda _: None,
    why_no_node: Callable[[], str | None] = lambda: None,
) -> None:
    """Refuse a plan that this machine lacks something for.

    Args:
        plan: What is about to be done.
        engines: The routing engines, who know their programs.
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
    daemons = dict(_missing_programs(made, engines))
    problems = list(_problems(made, links, daemons, file, lines or {}))
    problems += _limit_problems(plan, why_not_limit, file, lines or {})
    if problems:
        raise InputError(problems)


def warnings(
    lab: Lab,
    engines: Engines,
    file: str = "",
    lines: Mapping[str, int] | None = None,
    raw: Mapping[str, tuple[str, tuple[int, ...]]] | None = None,
) -> list[Problem]:
    """Return what this machine's programs do otherwise than the lab may expect.

    Args:
        lab: The lab.
        engines: The routing engines, with what their programs can do.
        file: The lab's file.
        lines: The line of each node in it.
        raw: Where the nodes' raw configuration stands: the file, and of each of its lines the line there.
    """
    places = {node: RawPlace(*place) for node, place in (raw or {}).items()}
    return [
        problem
        for engine in engines.by_name()
        for problem in engine.warnings(lab, engines.capabilities(engine.name), lines or {}, places, file)
    ]


def _missing_programs(made: Sequence[Operation], engines: Engines) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the daemons that are not installed, by kind and name, each with how to get it."""
    for engine in engines:
        names = {o.key.name for o in made if o.key.kind in engine.kinds}
        missing = engine.programs.missing(names) if names else {}
        yield from (((kind, name), words) for kind in engine.kinds for name, words in missing.items())


def _problems(
    made: Sequence[Operation],
    links: Mapping[str, str],
    daemons: Mapping[tuple[str, str], str],
    file: str,
    lines: Mapping[str, int],
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
        if (kind, name) in daemons:
            yield Problem(
                node, f"needs {daemons[kind, name]}", file, lines.get(node, 0), hint="see `nlan doctor`"
            )


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
