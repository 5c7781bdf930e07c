"""What somebody else put into a namespace of nlan's.

It is never wanted and never in the way of planning: a plan shows it, and removes it only where the
desired namespace is `exclusive`.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import ClassVar, Literal

from nlan.resources.base import Impact, Key, Rank, Resource

What = Literal[
    "address",
    "fdb",
    "ip rule",
    "ip -6 rule",
    "link",
    "neighbour",
    "nft table",
    "proxy neighbour",
    "queue",
    "route",
    "XDP program",
]


class Foreign(Resource, frozen=True, kw_only=True):
    """One foreign thing.

    Attributes:
        namespace: Where.
        what: Its kind, as a person calls it.
        words: Which one it is.
        prefix: Whom it concerns; harmless where that is none of the lab's. None: everybody.
        harmless: Whether it bears on nothing of the lab's whatever it concerns.
        removal: Netlink family, message type and body that remove it.
    """

    kind: ClassVar[str] = "foreign"
    rank: ClassVar[int] = Rank.SETTINGS + 10
    delete_impact: ClassVar[Impact] = "hitless"
    namespace: str
    what: What
    words: str
    prefix: IPv4Network | IPv6Network | None = None
    harmless: bool = False
    removal: tuple[int, int, bytes] = (0, 0, b"")

    def __str__(self) -> str:
        return f"{self.what} {self.words}"

    @property
    def key(self) -> Key:
        """What it is and which one."""
        return Key(self.kind, self.namespace, str(self))

    def claims(self) -> tuple[tuple[str, ...], ...]:
        """An address or a prefix is held, whoever holds it."""
        if self.prefix is None:
            return ()
        prefix = self.prefix.network_address if self.what == "address" else self.prefix
        return ((self.what, self.namespace, str(prefix)),)
