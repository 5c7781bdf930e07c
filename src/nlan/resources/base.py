"""What every resource has: a key, what it stands on, what it claims, and how a change is judged.

A resource is a frozen value that describes one thing a host holds. `desired`
ones come from `nlan.expand`, `observed` ones from the drivers; both are of the
same types. A field that is None in the desired resource is not managed and not
compared.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, NamedTuple

import msgspec

Impact = Literal["hitless", "session", "restart", "outage"]
"""How bad an operation is: nothing is lost; a routing session resets; a daemon restarts; traffic stops."""

IMPACTS: tuple[Impact, ...] = ("hitless", "session", "restart", "outage")

FABRIC = "@fabric"
"""The namespace of a lab that holds its shared segments: the underlay and the LANs."""

HOST = ""
"""Stands for the lab itself, outside of any namespace."""


class Key(NamedTuple):
    """A resource's identity within a lab.

    Attributes:
        kind: Such as ``veth``; one driver serves it.
        namespace: A node's name, a host's (``ce1/172.21.1.2``), `FABRIC` or `HOST`.
        name: Unique among the kind in that namespace.
    """

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return " ".join(part for part in (self.namespace, self.kind, self.name) if part)


class Difference(NamedTuple):
    """How an observed resource differs from the desired one.

    Attributes:
        impact: How bad the repair is.
        reason: One line, such as ``mtu is 1500, wanted 1400``.
        in_place: False: it has to be removed and made again.
        details: More lines, such as a daemon's configuration lines with ``+`` and ``-``.
    """

    impact: Impact
    reason: str
    in_place: bool = True
    details: tuple[str, ...] = ()


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a host holds.

    Class attributes:
        kind: The key's kind.
        mutable: Fields that can be changed in place, and what that costs. A difference in any
            other field means: remove and make again, with impact ``outage``.
        create_impact: What making a missing one costs what runs already.
        comes_with_namespace: Whether a new namespace has it already.

    A field that says what is wrong with the observed resource, in words, is a tuple, and empty where
    it is as nlan makes it.
    """

    kind: ClassVar[str] = ""
    mutable: ClassVar[dict[str, Impact]] = {}
    create_impact: ClassVar[Impact] = "hitless"
    delete_impact: ClassVar[Impact] = "outage"
    comes_with_namespace: ClassVar[bool] = False

    @property
    def key(self) -> Key:
        """Its identity."""
        raise NotImplementedError

    def requires(self) -> tuple[Key, ...]:
        """Return what must exist first; a key that is not in the plan is taken as given."""
        return ()

    def claims(self) -> tuple[tuple[str, ...], ...]:
        """Return what no two resources may hold at once (an interface's name, a port, a VNI)."""
        return ()

    def excludes(self) -> tuple[tuple[str, ...], ...]:
        """Return the claims that must be given up before it is made or changed (a peer's own address)."""
        return ()

    def difference(self, observed: Any) -> Difference | None:
        """Compare with the observed resource of the same key; None where nothing said differs."""
        changed = [
            field
            for field in self.__struct_fields__
            if (wanted := getattr(self, field)) is not None and wanted != getattr(observed, field)
        ]
        if not changed:
            return None
        reason = ", ".join(_reason(f, getattr(observed, f), getattr(self, f)) for f in changed)
        if any(field not in self.mutable for field in changed):
            return Difference("outage", reason, in_place=False)
        worst = max((self.mutable[field] for field in changed), key=IMPACTS.index)
        return Difference(worst, reason)

    def difference_beside(self, observed: Any, made: frozenset[tuple[str, ...]]) -> Difference | None:
        """Return the difference, given the claims of what it requires and the same plan makes anew."""
        return self.difference(observed)


def _reason(field: str, observed: object, desired: object) -> str:
    if isinstance(observed, tuple) and not desired:
        return ", ".join(observed)
    return f"{field} is {_text(observed)}, wanted {_text(desired)}"


def _text(value: object) -> str:
    return "unset" if value is None or value == "" else str(value)
