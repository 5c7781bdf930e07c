"""What engines have in common that take nothing which a user wrote for their daemons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nlan.engines.base import RawConfiguration, RawPlace
    from nlan.errors import Problem
    from nlan.model import Lab, Node
    from nlan.schema.syntax.report import Written
    from nlan.schema.written.sections import Contribution, Record


class WithoutRaw:
    """The answers of such a `nlan.engines.base.RoutingEngine`."""

    raw: RawConfiguration | None = None

    def contribution(self) -> Contribution:
        """Return no keys."""
        from nlan.schema.written.sections import NOTHING

        return NOTHING

    def chosen(self, router: Record) -> Written[bool] | None:
        """Return None: there is no such key."""
        return None

    def raw_asns(self, node: Node) -> set[int]:
        """Return none."""
        return set()

    def warnings(
        self, lab: Lab, capabilities: Any, lines: Mapping[str, int], raw: Mapping[str, RawPlace], file: str
    ) -> Iterable[Problem]:
        """Return none."""
        return ()
