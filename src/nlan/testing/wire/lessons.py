"""What somebody's kind of resource teaches the fake kernel: links and messages that are new to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from nlan.netlink.tables.settings import Setting
from nlan.testing.wire.request import Request


class Change(NamedTuple):
    """A message that changes something: its name, and what carries it out or raises a `RefusedError`."""

    name: str
    carry_out: Callable[[Request], None]


class Lessons:
    """What a fake kernel was taught (`nlan.testing.FakeKernel.lessons`).

    Attributes:
        links: Kinds of links, as the kernel calls them, with what each has by its kind.
        changes: By the type of the message, such as RTM_NEWNEXTHOP.
        lists: What is listed, by the type of the request; yields a message's body for each.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self.links: dict[str, Sequence[Setting]] = {}
        self.changes: dict[int, Change] = {}
        self.lists: dict[int, Callable[[Request], Iterator[bytes]]] = {}
