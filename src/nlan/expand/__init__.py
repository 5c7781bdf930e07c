"""From the model to what a host must hold: every service of the registry adds its part.

Expanding is pure: nothing here, or in a service's `expand`, reads or touches the world.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nlan.dataplanes.base import KERNEL, Dataplane
from nlan.dataplanes.base import SEAM as DATAPLANES
from nlan.engines.base import Engines
from nlan.errors import HostError, InternalError, PluginError
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
        PluginError: Two services ask for one key with different specs, one of them somebody else's.
        InternalError: The same of two of nlan's own.
        HostError: The data plane was installed when the lab was read, and is not now.
    """
    registry = Registry() if registry is None else registry
    context = Context(_dataplane(lab, registry), engines or Engines.able(registry))
    desired: dict[Key, Resource] = {}
    found = services(registry)
    for service, resources in _resources(lab, context, found):
        for resource in resources:
            if desired.setdefault(resource.key, resource) != resource:
                raise _clash(resource.key, service, _resources(lab, context, found))
    for service in found:
        service.amend(lab, desired)
    return desired


def _clash(
    key: Key, service: Service, again: Iterator[tuple[Service, Iterable[Resource]]]
) -> PluginError | InternalError:
    """Return the error that says which service describes a resource otherwise than one before it did."""
    from nlan.registry.origins import owner, words_of

    first = next(one for one, resources in again if any(resource.key == key for resource in resources))
    parts = [owner(first), owner(service)]
    whose = " and ".join(
        f"the service {one.name}" if part is None else words_of(part)
        for one, part in zip((first, service), parts, strict=True)
    )
    if not any(parts):
        return InternalError(f"{whose} describe {key} differently")
    return PluginError(f"{whose} describe {key} differently: do not use both, or uninstall one of them")


def _dataplane(lab: Lab, registry: Registry) -> Dataplane:
    found = registry.of(DATAPLANES)
    name = lab.dataplane or KERNEL
    if name not in found:
        raise HostError(f"no data plane {name} is installed")
    return found[name]


def _resources(
    lab: Lab, context: Context, found: tuple[Service, ...]
) -> Iterator[tuple[Service, Iterable[Resource]]]:
    """Yield what each service makes of the lab as a whole, then of each node."""
    for service in found:
        yield service, service.expand_lab(lab, context)
    for node in lab.nodes:
        yield from _of_node(node, lab, context, found)


def _of_node(
    node: Node, lab: Lab, context: Context, found: tuple[Service, ...]
) -> Iterator[tuple[Service, Iterable[Resource]]]:
    """Yield what the services make of a node; each is handed what those of earlier stages yielded."""
    yielded: list[Resource] = []
    stage = None
    for service in found:
        if service.stage != stage:
            stage, context = service.stage, context._replace(stands_on=tuple(yielded))
        resources = tuple(service.expand(node, lab, context))
        yielded += resources
        yield service, resources
