"""Which part of a lab an event concerns."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import NamedTuple

from nlan.api.events.sources import Appeared, Ended, LabEvent, Logged, Lost, Switched, Touched, Vanished
from nlan.api.upkeep.desired import Desired
from nlan.netlink.events import Event
from nlan.resources import FABRIC, HOST


class Scope(NamedTuple):
    """A part of a lab that may differ from what shall be.

    Attributes:
        kernel: Namespaces, without their daemons.
        daemons: Namespaces with their daemons.
        whole: Everything, whatever is named.
    """

    kernel: AbstractSet[str] = frozenset()
    daemons: AbstractSet[str] = frozenset()
    whole: bool = False

    def __bool__(self) -> bool:
        return self.whole or bool(self.kernel or self.daemons)

    @property
    def namespaces(self) -> AbstractSet[str]:
        """All namespaces that are named."""
        return self.kernel | self.daemons


NOTHING, EVERYTHING = Scope(), Scope(whole=True)


def concerned(event: LabEvent, desired: Desired) -> Scope:
    """Return what an event concerns; most concern nothing that nlan made."""
    match event:
        case Event():
            return _concerned(event, desired)
        case Ended(namespace, _) | Lost(namespace):
            return Scope(daemons={namespace})
        case Logged(namespace, _, entry) if entry.kind == "configured":
            return Scope(daemons={namespace})
        case Vanished() | Touched(""):
            return EVERYTHING
        case Appeared(namespace) | Switched(namespace):
            return Scope({namespace})
        case Touched("hosts"):
            return Scope({HOST})
        case _:
            return NOTHING


def _concerned(event: Event, desired: Desired) -> Scope:
    namespace = event.namespace
    match event.what:
        case "lost":
            return EVERYTHING
        case "link":
            other = desired.other_ends.get((namespace, event.interface))
            return Scope({namespace} if other is None else {namespace, other})
        case "route":
            prefix, _, _ = event.text.partition(" ")
            # One of somebody else's may have taken the place of what is desired.
            is_ours = event.ours or ("route", namespace, prefix) in desired.claims
        case "neighbor":
            is_ours = event.ours
        case _:
            is_ours = namespace != FABRIC or event.what != "address"
    return Scope({namespace}) if is_ours else NOTHING
