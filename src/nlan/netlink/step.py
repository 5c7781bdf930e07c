"""What the kinds give to the driver: messages for namespaces, in phases.

An operation becomes a few steps. All steps of one phase are carried out, namespace by namespace and
in order, before those of the next; an operation that failed has no further steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from nlan.netlink.codec import Message, Refusal
from nlan.netlink.tables.links import Links
from nlan.runtimes.base import Nodes

REMOVE, MAKE, FINISH = 0, 1, 2
"""The phases: what goes, what comes, what can only follow then."""


class Context(NamedTuple):
    """What a step may ask while its message is built.

    Attributes:
        links: The links of the step's namespace before this call.
        netns: Returns a descriptor of another namespace, closed once the message was sent.
    """

    links: Callable[[], Links]
    netns: Callable[[str], int]


class Step(NamedTuple):
    """One message to one namespace.

    Attributes:
        phase: One of `REMOVE`, `MAKE`, `FINISH`.
        namespace: Where it goes.
        build: Returns the message; None for nothing to do.
        absent_is_done: The kernel's "there is none" counts as success.
        absent: More numbers of refusals that say "there is none", beyond those of `is_absent`.
        apart: Carries the step out over a socket of its own instead, before all others of its phase, and
            returns why not.
    """

    phase: int
    namespace: str
    build: Callable[[Context], Message | None]
    absent_is_done: bool = False
    absent: tuple[int, ...] = ()
    apart: Callable[[Nodes], Refusal | None] | None = None


def send(phase: int, namespace: str, message: Message) -> Step:
    """Return the step that sends a message that is known beforehand."""
    return Step(phase, namespace, lambda _: message)


class UnbuildableError(Exception):
    """A message cannot be built; says why in words for the operation's error."""


def index_of(context: Context, name: str) -> int:
    """Return the index of the interface, which must exist."""
    index = context.links().index_of(name)
    if not index:
        raise UnbuildableError(f"there is no interface {name}")
    return index
