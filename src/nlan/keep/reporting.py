"""What a look at the lab is reported as: repairs, what failed, and what somebody else put there."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.api.events.reports import Report
from nlan.api.upkeep.lab import Foreign, Key
from nlan.api.upkeep.repairing import Repaired
from nlan.keep.repair import Outcome


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
    for failure in outcome.repaired.failed:
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

    def reports(self, repaired: Repaired) -> Iterator[Report]:
        """Yield what somebody else has put there since, and what of it is gone."""
        found = {foreign.key: foreign for foreign in repaired.foreign}
        before = {key: foreign for key, foreign in self._known.items() if key.namespace in repaired.seen}
        others = {key: foreign for key, foreign in self._known.items() if key not in before}
        self._known = {**others, **found}
        for key, foreign in sorted({**before, **found}.items()):
            if (key in before) == (key in found):
                continue
            event = "foreign" if key in found else "foreign-gone"
            text = f"{key.namespace}: {foreign}" + ("" if key in found else " is gone")
            fields = {"node": key.namespace, "kind": foreign.what, "name": foreign.words}
            yield Report(event, text, {**fields, "harmful": key in repaired.harmful})


class Failing:
    """The nodes that could not be repaired."""

    def __init__(self) -> None:
        """Know of none."""
        self._nodes: set[str] = set()

    def settle(self, repaired: Repaired) -> tuple[dict[str, str], list[str]]:
        """Take what became of a look.

        Returns:
            Why nodes could not be repaired, where one is among them that is new; and which are well again.
        """
        failed = {
            f.operation.key.namespace.partition("/")[0]: str(f.error) for f in repaired.failed if f.error
        }
        failed.pop("", None)
        well = {n for n in self._nodes if n in repaired.seen and n not in failed and not repaired.put_off}
        is_news = bool(failed.keys() - self._nodes)
        self._nodes = (self._nodes | failed.keys()) - well
        return (failed if is_news else {}), sorted(well)
