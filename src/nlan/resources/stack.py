"""What the kernel puts into every network namespace: its loopback, and the rules that lead to its tables."""

from __future__ import annotations

from typing import ClassVar

from nlan.resources.base import NAMESPACE, Impact, Key, Rank, Resource


class Stack(Resource, frozen=True, kw_only=True):
    """The loopback and the routing policy of a namespace, which come and go with it.

    Attributes:
        namespace: Where.
        lacks: What of it is gone, in words: ``lo is down``, ``ip rule 0 lookup local is missing``.
    """

    kind: ClassVar[str] = "stack"
    rank: ClassVar[int] = Rank.SETTINGS
    comes_with_namespace: ClassVar[bool] = True
    mutable: ClassVar[dict[str, Impact]] = {"lacks": "hitless"}
    namespace: str
    lacks: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """One per namespace."""
        return Key(self.kind, self.namespace, "")

    def requires(self) -> tuple[Key, ...]:
        """Its namespace."""
        return (Key(NAMESPACE, self.namespace, ""),)

    def claims(self) -> tuple[tuple[str, ...], ...]:
        """The loopback's name."""
        return (("interface", self.namespace, "lo"),)
