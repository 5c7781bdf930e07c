"""What a look at the lab is reported as: repairs, what failed, and what somebody else put there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nlan.api.events.reports import Report, Tell
from nlan.api.events.sources import Sources
from nlan.api.listener import Listener
from nlan.errors import NlanError
from nlan.keep.repair import Outcome
from nlan.plan import Operation
from nlan.plan.foreign import harmful
from nlan.resources import NAMESPACE, Foreign, Key, Resource


def repairs(outcome: Outcome, ms: float) -> Iterator[Report]:
    """Yield what was repaired, within so many milliseconds, and what could not be."""
    for operation in outcome.done:
        fields = {
            "action": operation.action,
            "kind": operation.key.kind,
            "namespace": operation.key.namespace,
            "name": operation.key.name,
            "reason": operation.reason,
            "details": list(operation.details),
            "ms": ms,
        }
        yield Report("repaired", f"{operation}: {operation.reason} ({ms:.0f} ms)", fields)
    for failure in outcome.failed:
        if failure.error is None:
            continue
        wait = outcome.waits.get((failure.operation.action, failure.operation.key), 0.0)
        text = f"{failure.error}; tried again in {wait:g} s"
        fields = {"operation": str(failure.operation), "error": str(failure.error), "retry_s": wait}
        yield Report("failed", text, fields)


class ForeignReports:
    """What somebody else has put into the lab, each reported once."""

    def __init__(self) -> None:
        """Know of nothing yet."""
        self._known: dict[Key, Foreign] = {}

    def has_neighbors(self, namespace: str) -> bool:
        """Tell whether there are neighbours in a namespace that somebody else wrote down."""
        return any(f.what == "neighbour" and f.namespace == namespace for f in self._known.values())

    def reports(self, outcome: Outcome, desired: Mapping[Key, Resource]) -> Iterator[Report]:
        """Yield what somebody else has put there since, and what of it is gone."""
        found = {foreign.key: foreign for foreign in outcome.foreign}
        judged = {foreign.key for foreign in harmful(found.values(), desired)}
        before = {key: foreign for key, foreign in self._known.items() if key.namespace in outcome.seen}
        others = {key: foreign for key, foreign in self._known.items() if key not in before}
        self._known = {**others, **found}
        for key, foreign in sorted({**before, **found}.items()):
            if (key in before) == (key in found):
                continue
            event = "foreign" if key in found else "foreign-gone"
            text = f"{key.namespace}: {foreign}" + ("" if key in found else " is gone")
            fields = {"node": key.namespace, "kind": foreign.what, "name": foreign.words}
            yield Report(event, text, {**fields, "harmful": key in judged})


class Failing:
    """The nodes that could not be repaired."""

    def __init__(self) -> None:
        """Know of none."""
        self._nodes: set[str] = set()

    def settle(self, outcome: Outcome) -> tuple[dict[str, str], list[str]]:
        """Take what became of a look.

        Returns:
            Why nodes could not be repaired, where one is among them that is new; and which are well again.
        """
        failed = {
            f.operation.key.namespace.partition("/")[0]: str(f.error) for f in outcome.failed if f.error
        }
        failed.pop("", None)
        well = {n for n in self._nodes if n in outcome.seen and n not in failed and not outcome.put_off}
        is_news = bool(failed.keys() - self._nodes)
        self._nodes = (self._nodes | failed.keys()) - well
        return (failed if is_news else {}), sorted(well)


class Undoing(Listener):
    """Passes on what undoing says, and lets go of namespaces that it removes."""

    def __init__(self, tell: Tell, sources: Sources) -> None:
        """Take who is told, and who holds on to namespaces."""
        self._tell, self._sources = tell, sources

    def say(self, text: str) -> None:
        self._tell(Report("undone", text, {"text": text}))

    def done(self, operation: Operation, error: NlanError | None) -> None:
        if operation.action == "delete" and operation.key.kind == NAMESPACE:
            self._sources.forget(operation.key.namespace)
