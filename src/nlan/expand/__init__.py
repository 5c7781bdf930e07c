"""From the model to what a host must hold: every service of the registry adds its part.

Expanding is pure: nothing here, or in a service's `expand`, reads or touches the world.
"""

from __future__ import annotations

from collections.abc import Iterator

from nlan.dataplanes.base import KERNEL, Dataplane
from nlan.dataplanes.base import SEAM as DATAPLANES
from nlan.engines.base import Engines
from nlan.errors import HostError, InternalError
from nlan.model import Lab, Node
from nlan.registry import Registry
from nlan.resources import Key, Resource
from nlan.services.base import Context, Service, services


def expand(lab: Lab, engines: Engines | None = None, registry: Registry | None = None) -> dict[Key, Resource]:
    """Return every resource that the lab means, by key.

    Args:
        lab: The lab.
        engines: The routing engines, with what the machine that shall hold it can do; by default all.
        registry: The services and data planes that there are; by default what is installed.

    Raises:
        InternalError: Two services ask for one key with different specs.
        HostError: The data plane was installed when the lab was read, and is not now.
    """
    registry = Registry() if registry is None else registry
    context = Context(_dataplane(lab, registry), engines or Engines.able(registry))
    desired: dict[Key, Resource] = {}
    for resource in _resources(lab, context, services(registry)):
        if desired.setdefault(resource.key, resource) != resource:
            raise InternalError(f"two services describe {resource.key} differently")
    return desired


def _dataplane(lab: Lab, registry: Registry) -> Dataplane:
    found = registry.of(DATAPLANES)
    name = lab.dataplane or KERNEL
    if name not in found:
        raise HostError(f"no data plane {name} is installed")
    return found[name]


def _resources(lab: Lab, context: Context, found: tuple[Service, ...]) -> Iterator[Resource]:
    for service in found:
        yield from service.expand_lab(lab, context)
    for node in lab.nodes:
        yield from _of_node(node, lab, context, found)


def _of_node(node: Node, lab: Lab, context: Context, found: tuple[Service, ...]) -> list[Resource]:
    """Return what the services yield for a node; each is handed what those of earlier stages yielded."""
    yielded: list[Resource] = []
    stage = None
    for service in found:
        if service.stage != stage:
            stage, context = service.stage, context._replace(stands_on=tuple(yielded))
        yielded += service.expand(node, lab, context)
    return yielded
