"""The engine: observe, plan, apply, verify. Everything that nlan does to the world goes through here.

First start, change, repair after drift, roll-back and tear-down differ only in
what is desired. The engine knows no kind of resource: drivers do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from nlan.errors import ApplyError, NlanError, os_words
from nlan.kinds.base import Driver
from nlan.plan import Operation, Plan, plan
from nlan.resources import Key, Resource

Report = Callable[[Operation, NlanError | None], None]
"""Called after each operation with its error, or None for success."""


class Failure(msgspec.Struct, frozen=True):
    """An operation that failed, or was left out as one that it requires failed (`error` is None)."""

    operation: Operation
    error: NlanError | None


class Engine:
    """Observes, plans and applies through the drivers it is given."""

    def __init__(self, drivers: Sequence[Driver]) -> None:
        """Take the drivers; each kind is served by one."""
        self._drivers = list(drivers)

    def observe(self, namespaces: Sequence[str]) -> dict[Key, Resource]:
        """Return everything of nlan's that these namespaces hold, by key."""
        return {resource.key: resource for driver in self._drivers for resource in driver.observe(namespaces)}

    def plan(self, desired: Mapping[Key, Resource], namespaces: Sequence[str]) -> Plan:
        """Return what would turn the namespaces as they are into `desired`."""
        return plan(desired, self.observe(namespaces))

    def apply(
        self,
        planned: Plan,
        report: Report = lambda operation, error: None,
        before: Callable[[Operation], None] | None = None,
    ) -> list[Failure]:
        """Carry out a plan; what does not depend on a failed operation is done all the same.

        Args:
            planned: From `plan`.
            report: Called with every operation as it ends.
            before: Called before each operation; its presence makes every batch one operation long.

        Returns:
            What failed and what was left out for it; empty for success.
        """
        failed: dict[int, Failure] = {}
        for wave in _waves(planned, one_by_one=before is not None):
            todo = []
            for n in wave:
                operation = planned.operations[n]
                if any(m in failed for m in operation.requires):
                    failed[n] = Failure(operation, None)
                else:
                    todo.append(n)
            for n, error in self._apply_wave(planned, todo, before):
                if error is not None:
                    failed[n] = Failure(planned.operations[n], error)
                report(planned.operations[n], error)
        return [failed[n] for n in sorted(failed)]

    def _apply_wave(
        self, planned: Plan, wave: Sequence[int], before: Callable[[Operation], None] | None
    ) -> Iterator[tuple[int, NlanError | None]]:
        # What goes in one wave goes in reverse: a route stays whose address and daemon go at once.
        deletes = any(planned.operations[n].action == "delete" for n in wave)
        for driver in reversed(self._drivers) if deletes else self._drivers:
            mine = [n for n in wave if planned.operations[n].key.kind in driver.kinds]
            if mine:
                operations = [planned.operations[n] for n in mine]
                if before is not None:
                    before(operations[0])
                yield from zip(mine, _outcomes(driver, operations), strict=True)


def _outcomes(driver: Driver, operations: Sequence[Operation]) -> Sequence[NlanError | None]:
    """Return what became of the operations: what ends the driver's whole call, fails each of them.

    A bug of a plugin's does so, too, so that all is undone; one of nlan's is left to be reported.
    """
    try:
        return driver.apply(operations)
    except OSError as failure:
        return [ApplyError(o.key.namespace, str(o), os_words(failure)) for o in operations]
    except NlanError as failure:
        return [ApplyError(o.key.namespace, str(o), str(failure)) for o in operations]
    except Exception as bug:
        from nlan.registry.origins import blamed, words_of

        if (part := blamed(bug)) is None:
            raise
        reason = f"a bug in {words_of(part)}: {type(bug).__name__}: {bug}"
        return [ApplyError(o.key.namespace, str(o), reason) for o in operations]


def _waves(planned: Plan, *, one_by_one: bool) -> Iterator[list[int]]:
    """Yield runs of positions in which nothing requires another of the same run.

    A run ends too where removing begins or ends, so that what is added before is really there.
    """
    wave: list[int] = []
    start, deleting = 0, False
    for n, operation in enumerate(planned.operations):
        deletes = operation.action == "delete"
        depends = bool(operation.requires) and operation.requires[-1] >= start
        if wave and (depends or deletes != deleting or one_by_one):
            yield wave
            wave, start = [], n
        deleting = deletes
        wave.append(n)
    if wave:
        yield wave


def failure_text(failures: Iterable[Failure]) -> str:
    """Return the failures as lines for people: each cause once, then how much was left out for them."""
    failures = list(failures)
    by_cause: dict[str, list[Failure]] = {}
    for failure in failures:
        if failure.error is not None:
            by_cause.setdefault(_cause(failure.operation.key.namespace, failure.error), []).append(failure)
    lines = [_folded(alike) for alike in by_cause.values()]
    left_out = sum(failure.error is None for failure in failures)
    if left_out:
        lines.append(f"{left_out} operations that stand on these were left out")
    return "\n".join(lines)


def _cause(namespace: str, error: NlanError) -> str:
    """Return the words that say why, without those that say where."""
    words = error.reason if isinstance(error, ApplyError) else str(error)
    return re.sub(rf"(?<!\w){re.escape(namespace)}(?!\w)", "*", words) if namespace else words


def _folded(alike: Sequence[Failure]) -> str:
    first = alike[0]
    nodes = {failure.operation.key.namespace.partition("/")[0] for failure in alike}
    if len(nodes) > 1:
        more = f"{len(nodes) - 1} more node{'s' * (len(nodes) > 2)}"
    else:
        more = f"{len(alike) - 1} more operation{'s' * (len(alike) > 2)}"
    return f"{first.error}; and {more}" if len(alike) > 1 else str(first.error)
