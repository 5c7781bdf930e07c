"""What has to be looked at, gathered from events until the world has settled for a moment."""

from __future__ import annotations

from collections.abc import Iterable

from nlan.api.events.sources import Appeared, Ended, LabEvent, Logged, Lost, Switched, Touched, Vanished
from nlan.api.upkeep.desired import Desired
from nlan.netlink.events import Event
from nlan.resources import FABRIC, HOST, Key

SETTLE_S = 0.02
"""How long nothing may happen before a look."""
PATIENCE_S = 0.15
"""How long a look waits for that at most."""


class WorkQueue:
    """Namespaces that may differ from what shall be."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.kernel: set[str] = set()
        self.daemons: set[str] = set()
        self.whole = False
        self.since: float | None = None
        self._last = 0.0

    def __bool__(self) -> bool:
        return self.since is not None

    @property
    def due(self) -> float:
        """When to look; far away where there is nothing to look at."""
        if self.since is None:
            return float("inf")
        return min(self._last + SETTLE_S, self.since + PATIENCE_S)

    @property
    def namespaces(self) -> set[str]:
        """All namespaces to look at."""
        return self.kernel | self.daemons

    def all(self, now: float) -> None:
        """Look at everything."""
        self.whole = True
        self._touch(now)

    def mark(self, namespaces: Iterable[str], now: float, *, daemons: bool = False) -> None:
        """Look at these, at their daemons or at what the kernel holds."""
        (self.daemons if daemons else self.kernel).update(namespaces)
        self._touch(now)

    def _touch(self, now: float) -> None:
        self._last = now
        if self.since is None:
            self.since = now

    def take(self, event: LabEvent, desired: Desired, now: float) -> None:
        """Mark what a event concerns; most concern nothing that nlan made."""
        match event:
            case Event():
                self._take_event(event, desired, now)
            case Ended(namespace, _) | Lost(namespace):
                self.mark([namespace], now, daemons=True)
            case Logged(namespace, _, entry):
                if entry.kind == "configured":
                    self.mark([namespace], now, daemons=True)
            case Vanished() | Touched(""):
                self.all(now)
            case Appeared(namespace) | Switched(namespace):
                self.mark([namespace], now)
            case Touched("hosts"):
                self.mark([HOST], now)

    def _take_event(self, event: Event, desired: Desired, now: float) -> None:
        namespace = event.namespace
        match event.what:
            case "lost":
                self.all(now)
            case "link":
                other = desired.other_ends.get((namespace, event.interface))
                self.mark([namespace] if other is None else [namespace, other], now)
            case "route":
                prefix, _, _ = event.text.partition(" ")
                if event.ours or Key("route", namespace, prefix) in desired.resources:  # or takes its place
                    self.mark([namespace], now)
            case "neighbor":
                if event.ours:
                    self.mark([namespace], now)
            case _:
                if namespace != FABRIC or event.what != "address":
                    self.mark([namespace], now)
