"""BIRD: one resource is one running process with its configuration."""

from __future__ import annotations

from typing import Any, ClassVar

from nlan.engines.base import SILENT, Daemon
from nlan.engines.bird import config
from nlan.engines.bird.config import Statement
from nlan.engines.bird.programs import DAEMON
from nlan.resources.base import Difference, Impact, Key


class BirdDaemon(Daemon, frozen=True, kw_only=True):
    """BIRD of a node.

    Attributes:
        statements: Its whole configuration (`nlan.engines.bird.render`).
        wrong: Observed only: what somebody did to it, in words.
    """

    kind: ClassVar[str] = "bird"
    statements: tuple[Statement, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """One per node."""
        return Key(self.kind, self.namespace, DAEMON)

    def claims(self) -> tuple[tuple[str, ...], ...]:
        """BGP's port, for a BGP speaker."""
        return (("port", self.namespace, "179"),) if self.peers else ()

    def excludes(self) -> tuple[tuple[str, ...], ...]:
        """Its peers' addresses: it would dial itself."""
        return tuple(("address", self.namespace, peer) for peer in self.peers)

    @property
    def peers(self) -> tuple[str, ...]:
        """The addresses of its BGP peers."""
        return tuple(statement.peer for statement in self.statements if statement.kind == "bgp")

    @property
    def ospf(self) -> dict[str, int]:
        """The protocols that speak OSPF, each with its version."""
        kinds = {s.name: s.lines[0].split()[2] for s in self.statements if s.kind == "ospf"}
        return {name: 2 if kind == "v2" else 3 for name, kind in kinds.items()}

    def difference(self, observed: Any) -> Difference | None:
        """Compare protocol by protocol; the reason names the sessions that reset.

        A static route that goes is an outage for who uses it, and so are the kernel's routes if they
        have to be installed anew.
        """
        if observed.silent:
            return Difference("restart", SILENT, in_place=False)
        change = config.compare(self.statements, observed.statements)
        if not change:
            return Difference("hitless", "; ".join(observed.wrong)) if observed.wrong else None
        reset, lost, anew = change.effects(), change.lost_routes(), change.reinstalls()
        reasons = [f"protocols: {change.counts()}", *observed.wrong]
        reasons += [f"resets {', '.join(reset)}"] if reset else []
        reasons += [f"no static route to {', '.join(lost)}"] if lost else []
        reasons += [f"installs all routes anew ({', '.join(anew)})"] if anew else []
        impact: Impact = "outage" if lost or anew else "session" if reset else "hitless"
        return Difference(impact, "; ".join(reasons), details=change.details())
