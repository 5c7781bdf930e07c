"""The resource that the engines' kinds share: a running process of a node."""

from __future__ import annotations

from typing import ClassVar

from nlan.resources.base import NAMESPACE, Impact, Key, Rank, Resource

SILENT = "it does not answer"


class Daemon(Resource, frozen=True, kw_only=True):
    """A running process of a node's engine with its configuration: what the kinds of all engines share.

    Attributes:
        namespace: The node.
        after: Keys of the links and addresses that should exist before it starts.
        silent: Observed only: it runs, and does not answer.
    """

    rank: ClassVar[int] = Rank.DAEMONS
    brings_routes: ClassVar[bool] = True
    create_impact: ClassVar[Impact] = "restart"
    delete_impact: ClassVar[Impact] = "session"
    namespace: str
    after: tuple[Key, ...] | None = None
    silent: bool = False

    def requires(self) -> tuple[Key, ...]:
        """Its namespace, the hosts file, and what it should find."""
        return (Key(NAMESPACE, self.namespace, ""), Key("hosts", "", ""), *(self.after or ()))

    def summary(self) -> tuple[str, ...]:
        """Return its name, and a line for each thing that it is configured with, for people to read."""
        return (self.key.name,)

    @property
    def process(self) -> str:
        """Its name, where it answers."""
        return "" if self.silent else self.key.name

    @property
    def outlived(self) -> str:
        """Observed only: the daemon of its node that it should have ended with; empty where there is none."""
        return ""

    @property
    def is_to_be_reset(self) -> bool:
        """Observed only: whether it is sound but for sessions that have to be opened again."""
        return False
