"""What reading a lab asks of the routing engines: see `nlan.engines.base.RoutingEngine`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from nlan.model import Node
from nlan.registry import Seam
from nlan.schema.resolving.drafts import Positions
from nlan.schema.syntax.report import Report
from nlan.services.router.model import Router


class EngineChecks(Protocol):
    """What an engine knows of the labs that it can hold."""

    @property
    def installs(self) -> bool:
        """Whether it stands on the kernel's interfaces and routes. One that does not reports in `check`
        what that keeps it from.
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
