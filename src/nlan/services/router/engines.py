"""What reading a lab asks of the routing engines: see `nlan.engines.base.RoutingEngine`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Protocol

from nlan.model import Node
from nlan.registry import Registry, Seam
from nlan.schema.resolving.drafts import NodeDraft, Positions
from nlan.schema.syntax.report import Report, Written
from nlan.schema.written.sections import Contribution, Record
from nlan.services.router.model import Raw, Router

if TYPE_CHECKING:
    from nlan.schema.resolving.segments import Wiring


class RawReading(Protocol):
    """How configuration is read that a user brings for an engine."""

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Raw | None:
        """Return what is written of it at a node, or None.

        It is asked of each router, in file order, when all segments have their addresses. What is wrong is
        recorded in ``wiring.settings.report``; ``wiring.settings.positions`` takes where the whole stands
        (``("node", NAME, KEY)``) and where its lines do (``("node", NAME, KEY, "text")``).

        Args:
            node: The node as written.
            wiring: The lab's segments and nodes; ``wiring.settings.path`` is its file, to whose folder files
                that are named there are relative.
        """


class EngineChecks(Protocol):
    """What an engine knows of the labs that it can hold."""

    @property
    def installs(self) -> bool:
        """Whether it stands on the kernel's interfaces and routes. One that does not reports in `check`
        what that keeps it from.
        """

    @property
    def raw(self) -> RawReading | None:
        """How configuration is read that a user brings for the engine; None where it takes none."""

    def contribution(self) -> Contribution:
        """Return the keys that it adds to what a file may say; those of a node make a router of it."""

    def chosen(self, router: Record) -> Written[bool] | None:
        """Return whether a router's full form chooses the engine by a key of the engine's own.

        None stands for one that does not speak of it; ``engine: NAME`` of the node says it in any case.
        """

    def spare(self, node: str, router: Router, positions: Positions, report: Report) -> Router:
        """Return the router without what is written of the whole lab and means nothing to the engine.

        What is left out is reported as a warning: it is meant for the other routers.
        """

    def check(self, node: Node, positions: Positions, report: Report) -> None:
        """Report what a node is asked for in vain: a file runs as it was meant, or not at all.

        Every engine is asked of every node: of those that it speaks for, and of raw configuration that is
        written for it.
        """

    def raw_asns(self, node: Node) -> set[int]:
        """Return the ASes that raw configuration for the engine shows to the node's peers, not its own."""


SEAM: Seam[EngineChecks] = Seam("engines", "nlan.engines", "ENGINE")

Engines = Mapping[str, EngineChecks]
"""By the name that a file says."""


@cache
def installed() -> Engines:
    """Return what is installed; that does not change meanwhile."""
    return Registry().of(SEAM)
