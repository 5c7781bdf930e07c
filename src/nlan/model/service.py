"""What a node holds of a service: a frozen value of the service's own type, whose module is in its folder."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

from nlan.model.codec import Base, IpAddress, IpInterface
from nlan.registry import Registry, Seam

if TYPE_CHECKING:
    from nlan.model.lab import Lab, Node

Segment = Hashable
End = tuple[str, str]
"""A node and its interface."""


class EngineModel(Base, frozen=True, kw_only=True):
    """What a service's model holds for a routing engine: a frozen value of the engine's own type.

    Class attributes:
        key: The word under which it is stored, beside the fields of the model that holds it.
    """

    key: ClassVar[str]


class ServiceModel(Base, frozen=True, kw_only=True):
    """What a node holds of a service; a node holds one of a type at most.

    All fields have defaults: made of nothing, it stands for a node that holds nothing of the service.

    Class attributes:
        key: The word under which it is stored, shown by ``nlan show`` and changed by ``nlan set``.
        bare: The field that stands there for the whole, such as a list; empty where the whole does.
        engine_field: The field that holds an `EngineModel` or None; it is stored under that one's key.
            Empty: none does.
        is_router: Whether a node that holds it is a router.
        is_lasting: Whether it is no part of what files say: while the lab is up, a node keeps it when it is
            described anew.
    """

    key: ClassVar[str]
    bare: ClassVar[str] = ""
    engine_field: ClassVar[str] = ""
    is_router: ClassVar[bool] = False
    is_lasting: ClassVar[bool] = False

    def interfaces(self) -> Iterator[tuple[str, tuple[IpInterface, ...]]]:
        """Yield the interfaces that the service gives the node, with the node's addresses on them."""
        return iter(())

    def taken(self) -> Iterator[tuple[str, str]]:
        """Yield the interfaces' names that no end of a link can have then, each with whose it is."""
        return iter(())

    def plugged(self) -> Iterator[tuple[str, str]]:
        """Yield interfaces of links and LANs that are ports of a switch in the node, with the switch's."""
        return iter(())

    def hosts(self) -> Iterator[tuple[tuple[IpInterface, ...], tuple[IpAddress, ...]]]:
        """Yield the hosts behind the node: the addresses of each, first its name's, and its gateways."""
        return iter(())

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield the texts in other languages that the user brings, each by the key that it stands under."""
        return iter(())

    def fitting(self, node: Node) -> Self | None:
        """Return what of it goes with a node that is described anew; all."""
        return self

    def notes(self) -> Iterator[str]:
        """Yield what people should know of the node as long as it holds this, as ``nlan status`` says it."""
        return iter(())

    def caption(self) -> str:
        """Return what a drawing says below the node's name, such as ``AS 64496``; empty for nothing."""
        return ""

    def labels(self) -> Iterator[tuple[str, str]]:
        """Yield what a drawing calls the ends of its segments, by interface, where the name says less."""
        return iter(())

    @classmethod
    def segments(cls, lab: Lab) -> Iterator[tuple[End, Segment]]:
        """Yield which segment each interface of the service is on, where nodes share one."""
        return iter(())


class Holder(Protocol):
    """What the model has to know of a service.

    Attributes:
        name: The service's.
        stage: Services are in the order of stages, and within one in that of names.
        model: What a node holds of it; None where that is what every node has.
    """

    name: str
    stage: int
    model: type[ServiceModel] | None


SEAM: Seam[Holder] = Seam("services", "nlan.services", "SERVICE")


class RawConfiguration(Protocol):
    """What the model has to know of what a routing engine makes of raw configuration."""

    @property
    def model(self) -> type[EngineModel]:
        """What a router holds of it."""


class Engine(Protocol):
    """What the model has to know of a routing engine."""

    @property
    def raw(self) -> RawConfiguration | None:
        """What it makes of configuration that a user brings; None where it takes none."""


ENGINES: Seam[Engine] = Seam("engines", "nlan.engines", "ENGINE")


def engine_models(registry: Registry) -> tuple[type[EngineModel], ...]:
    """Return the types that routers hold for their engines, in the order of the engines' names."""
    raws = (engine.raw for _, engine in sorted(registry.of(ENGINES).items()))
    return tuple(raw.model for raw in raws if raw is not None)


def models(registry: Registry) -> tuple[type[ServiceModel], ...]:
    """Return the types that nodes hold, in the order of the services."""
    holders = sorted(registry.of(SEAM).values(), key=lambda holder: (holder.stage, holder.name))
    return tuple(holder.model for holder in holders if holder.model is not None)
