"""What a node holds of faults: what somebody did to a link while the lab runs, by interface."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from nlan.model.codec import Base
from nlan.model.service import ServiceModel

if TYPE_CHECKING:
    from nlan.model.lab import Node

ALL = 100.0
"""Percent."""


class Fault(Base, frozen=True, kw_only=True):
    """What is done to an interface; what it does not say is as the lab's description has it.

    Attributes:
        interface: Its name.
        down: Whether it is taken down.
        rate: Bits a second, a multiple of 8.
        delay_us: Microseconds that each packet is held that leaves by it.
        jitter_us: Microseconds by which that varies, up and down.
        loss: How many are lost, in percent.
    """

    interface: str
    down: bool = False
    rate: int | None = None
    delay_us: int | None = None
    jitter_us: int | None = None
    loss: float | None = None

    @property
    def is_severed(self) -> bool:
        """Whether nothing gets through."""
        return self.down or self.loss == ALL

    @property
    def queue(self) -> dict[str, float]:
        """What it says of the interface's queue, by field."""
        named = ("rate", self.rate), ("delay_us", self.delay_us), ("jitter_us", self.jitter_us)
        return {name: value for name, value in (*named, ("loss", self.loss)) if value is not None}

    def effect(self) -> str:
        """Return what it does, as ``down, delay 20ms``; empty for nothing."""
        from nlan.kinds.queue import loss_text, rate_text, time_text

        found = ["down"] if self.down else []
        found += [f"rate {rate_text(self.rate)}"] if self.rate is not None else []
        found += [f"delay {time_text(self.delay_us)}"] if self.delay_us is not None else []
        found += [f"jitter {time_text(self.jitter_us)}"] if self.jitter_us is not None else []
        found += [f"loss {loss_text(self.loss)}"] if self.loss is not None else []
        return ", ".join(found)


class Faults(ServiceModel, frozen=True, kw_only=True):
    """The faults of a node, one an interface, in the order in which they came."""

    key: ClassVar[str] = "faults"
    is_lasting: ClassVar[bool] = True
    ports: tuple[Fault, ...] = ()

    def fitting(self, node: Node) -> Faults | None:
        """Return those of interfaces that the node has."""
        names = {interface.name for interface in node.interfaces}
        ports = tuple(fault for fault in self.ports if fault.interface in names)
        return Faults(ports=ports) if ports else None

    def notes(self) -> Iterator[str]:
        """Yield a line for each."""
        for fault in self.ports:
            yield f"{fault.interface}: {fault.effect()} (a fault: `nlan link` made it, and clears it)"
