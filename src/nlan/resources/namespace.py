"""Namespaces, the lab's hosts file, and the limits of a node."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import msgspec

from nlan.resources.base import HOST, Difference, Impact, Key, Rank, Resource


class Namespace(Resource, frozen=True, kw_only=True):
    """A network namespace; its UTS and mount namespaces and its cgroup come with its first process.

    Attributes:
        name: A node, a host (``ce1/172.21.1.2``) or the fabric.
        exclusive: Whether what somebody else puts into it is taken away.
    """

    kind: ClassVar[str] = "namespace"
    rank: ClassVar[int] = Rank.NAMESPACE
    name: str
    exclusive: bool = False

    @property
    def key(self) -> Key:
        """Kind and name."""
        return Key(self.kind, self.name, "")

    @property
    def is_exclusive(self) -> bool:
        """Whether what somebody else puts into it is taken away."""
        return self.exclusive

    def exclusively(self) -> Self:
        """Return the same, exclusive."""
        return msgspec.structs.replace(self, exclusive=True)

    def namespaces(self) -> tuple[str, ...]:
        """None: it goes with nothing."""
        return ()

    def difference(self, observed: Any) -> Difference | None:
        """Return None: one that is there is right."""
        return None


class HostsFile(Resource, frozen=True, kw_only=True):
    """The lab's /etc/hosts, seen by every process of every node.

    Attributes:
        text: The whole file.
    """

    kind: ClassVar[str] = "hosts"
    rank: ClassVar[int] = Rank.SETTINGS + 20
    mutable: ClassVar[dict[str, Impact]] = {"text": "hitless"}
    delete_impact: ClassVar[Impact] = "hitless"
    text: str

    @property
    def key(self) -> Key:
        """One per lab."""
        return Key(self.kind, HOST, "")

    def difference(self, observed: Any) -> Difference | None:
        """Compare line by line; the order counts, for the first line of a name wins."""
        if self.text == observed.text:
            return None
        wanted, seen = self.text.splitlines(), observed.text.splitlines()
        removed = [f"- {line}" for line in seen if line not in wanted]
        added = [f"+ {line}" for line in wanted if line not in seen]
        said = f"{len(added)} lines to add, {len(removed)} to remove" if added or removed else "other order"
        return Difference("hitless", said, details=(*removed, *added))


class Cgroup(Resource, frozen=True, kw_only=True):
    """A node's cgroup with limits; None is no limit.

    Attributes:
        namespace: The node.
        memory: In bytes.
        cpus: Processors.
        pids: Processes.
    """

    kind: ClassVar[str] = "cgroup"
    rank: ClassVar[int] = Rank.SETTINGS + 30
    mutable: ClassVar[dict[str, Impact]] = {"memory": "hitless", "cpus": "hitless", "pids": "hitless"}
    delete_impact: ClassVar[Impact] = "hitless"
    namespace: str
    memory: int | None = None
    cpus: float | None = None
    pids: int | None = None

    @property
    def key(self) -> Key:
        """One per node."""
        return Key(self.kind, self.namespace, "")

    def requires(self) -> tuple[Key, ...]:
        """The node's namespace."""
        return (Key("namespace", self.namespace, ""),)

    def difference(self, observed: Any) -> Difference | None:
        """Compare; a limit that is not said any more is lifted."""
        names = [name for name in self.mutable if getattr(self, name) != getattr(observed, name)]
        words = (f"{n} is {_limit(getattr(observed, n))}, wanted {_limit(getattr(self, n))}" for n in names)
        return Difference("hitless", ", ".join(words)) if names else None


def _limit(value: float | None) -> str:
    return "unlimited" if value is None else str(value)
