"""What a node holds of queues: one at each interface that has any."""

from __future__ import annotations

from typing import ClassVar

from nlan.model.codec import Base
from nlan.model.service import ServiceModel


class Queue(Base, frozen=True, kw_only=True):
    """What happens to packets that leave by an interface.

    Attributes:
        interface: Its name.
        rate: Bits a second, a multiple of 8; None for as fast as it goes.
        delay_us: Microseconds that each packet is held.
        jitter_us: Microseconds by which that varies, up and down.
        loss: How many are lost, in percent.
    """

    interface: str
    rate: int | None = None
    delay_us: int = 0
    jitter_us: int = 0
    loss: float = 0.0


class Queues(ServiceModel, frozen=True, kw_only=True):
    """The queues of a node, in the order of its segments."""

    key: ClassVar[str] = "queues"
    ports: tuple[Queue, ...] = ()
