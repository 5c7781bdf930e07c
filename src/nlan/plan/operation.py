"""Operations as data: what is done to which resource, why, and how bad it is."""

from __future__ import annotations

from typing import Literal

import msgspec

from nlan.resources import IMPACTS, Foreign, Impact, Key, Resource

Action = Literal["create", "update", "replace", "delete"]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a plan.

    Attributes:
        action: ``replace`` removes and makes again in one step.
        key: Of the resource.
        impact: How bad it is.
        reason: Why, in one line.
        details: More lines, such as configuration lines with ``+`` and ``-``.
        desired: The resource as it shall be; None for ``delete``.
        observed: The resource as it is; None for ``create``.
        requires: Positions of operations of the same plan that must succeed before.
    """

    action: Action
    key: Key
    impact: Impact
    reason: str
    details: tuple[str, ...] = ()
    desired: Resource | None = None
    observed: Resource | None = None
    requires: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.action} {self.key}"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Operations in an order that respects what they require.

    Attributes:
        operations: Each one's `requires` points to earlier positions.
        foreign: What somebody else put there, and stays.
        harmful: That of it which may change where the lab's packets go.
    """

    operations: tuple[Operation, ...] = ()
    foreign: tuple[Foreign, ...] = ()
    harmful: tuple[Foreign, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.operations)

    def __len__(self) -> int:
        return len(self.operations)

    @property
    def impact(self) -> Impact | None:
        """The worst impact in it; None where nothing is to be done."""
        return max((o.impact for o in self.operations), key=IMPACTS.index, default=None)
