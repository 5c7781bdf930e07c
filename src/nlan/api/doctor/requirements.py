"""Whether this machine can do what is asked of it; checked before anything is touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from nlan.api.doctor import features
from nlan.engines.base import Engines, RawPlace
from nlan.errors import HostError, InputError, Problem
from nlan.kinds.base import AnyKind
from nlan.model import Lab
from nlan.netlink.feature import Feature
from nlan.plan import Operation, Plan
from nlan.resources import NAMESPACE
from nlan.services.router.model import Router


def check(
    plan: Plan,
    engines: Engines,
    kinds: Mapping[str, AnyKind],
    nodes: Any,
    file: str = "",
    lines: Mapping[str, int] | None = None,
) -> None:
    """Refuse a plan that this machine lacks something for.

    Args:
        plan: What is about to be done.
        engines: The routing engines, who know their programs.
        kinds: The kinds of resources, who know what the kernel needs for them.
        nodes: Where the lab is to be; knows whether it can have nodes, asked only where the plan makes some.
        file: What the plan comes from, for the message.
        lines: The line of each node in that file, and of each of its interfaces, as ``NODE.INTERFACE``.

    Raises:
        HostError: It can have none, for a reason that is no node's.
        InputError: Names each node, what it needs, and how to get it.
    """
    made = [o for o in plan.operations if o.action in ("create", "replace")]
    if any(o.key.kind == NAMESPACE for o in made) and (reason := nodes.why_not()) is not None:
        raise HostError(f"{reason}; nothing was touched")
    needed = [(o, f) for o in plan.operations for f in _needs(o, kinds)]
    lacks = features.missing(dict.fromkeys(feature for _, feature in needed))
    daemons = dict(_missing_programs(made, engines))
    problems = list(_lacking(needed, lacks, file, lines or {}))
    problems += _without_programs(made, daemons, file, lines or {})
    problems += _refused(plan, kinds, nodes, file, lines or {})
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
    used = {node.get(Router).engine for node in lab.nodes if node.find(Router) is not None}
    return [
        problem
        for engine in engines.by_name()
        if engine.name in used
        for problem in engine.warnings(lab, engines.capabilities(engine.name), lines or {}, places, file)
    ]


def _missing_programs(made: Sequence[Operation], engines: Engines) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the daemons that are not installed, by kind and name, each with how to get it."""
    for engine in engines:
        names = {o.key.name for o in made if o.key.kind in engine.kinds}
        missing = engine.programs.missing(names) if names else {}
        yield from (((kind, name), words) for kind in engine.kinds for name, words in missing.items())


def _needs(operation: Operation, kinds: Mapping[str, AnyKind]) -> Iterable[Feature]:
    """Return what the kernel needs for an operation, but for what it has been good enough for already."""
    kind = kinds.get(operation.key.kind)
    if kind is None or operation.desired is None:
        return ()
    has_been_there = operation.action == "update" and operation.observed is not None
    before = set(kind.needs(operation.observed)) if has_been_there else set()
    return [feature for feature in kind.needs(operation.desired) if feature not in before]


def _lacking(
    needed: Sequence[tuple[Operation, Feature]],
    lacks: Mapping[Feature, str],
    file: str,
    lines: Mapping[str, int],
) -> Iterator[Problem]:
    reported = set()
    for operation, feature in needed:
        node = operation.key.namespace.partition("/")[0]
        if feature in lacks and (node, feature) not in reported:
            reported.add((node, feature))
            words = f"needs {feature.purpose}, and this kernel cannot make {feature.what}: {lacks[feature]}"
            hint = f"try `modprobe {feature.module}`; `nlan doctor` says more"
            yield Problem(node, words, file, _line(operation, lines), hint=hint)


def _line(operation: Operation, lines: Mapping[str, int]) -> int:
    """Return the line of the interface that it is about, else of its node; 0 where that is not known."""
    node = operation.key.namespace.partition("/")[0]
    return lines.get(f"{node}.{operation.key.name}", lines.get(node, 0))


def _without_programs(
    made: Sequence[Operation],
    daemons: Mapping[tuple[str, str], str],
    file: str,
    lines: Mapping[str, int],
) -> Iterator[Problem]:
    for operation in made:
        kind, namespace, name = operation.key
        if (kind, name) in daemons:
            node = namespace.partition("/")[0]
            yield Problem(
                node, f"needs {daemons[kind, name]}", file, lines.get(node, 0), hint="see `nlan doctor`"
            )


def _refused(
    plan: Plan, kinds: Mapping[str, AnyKind], nodes: Any, file: str, lines: Mapping[str, int]
) -> Iterator[Problem]:
    for operation in plan.operations:
        kind = kinds.get(operation.key.kind)
        if kind is None or operation.desired is None:
            continue
        for what, reason in kind.why_not(operation.desired, nodes):
            node = operation.key.namespace
            words = f"cannot be had on this machine: {reason}"
            yield Problem(f"{node}.{what}", words, file, lines.get(node, 0))
