"""From the model to what a host must hold: pure functions, one module per service.

`expand` joins them. Each service's function takes the node and the lab and
yields resources; nothing here reads or touches the world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from nlan.errors import InternalError
from nlan.expand import base, links, ptn, router, underlay, vhosts
from nlan.expand.abilities import ABLE, Abilities
from nlan.model import Lab, Node
from nlan.resources import Key, Resource

Service = Callable[[Node, Lab], Iterable[Resource]]

SERVICES: tuple[Service, ...] = (base.expand, underlay.expand, links.expand, ptn.expand, vhosts.expand)
"""In the order in which a reader meets them; the plan orders by what resources require."""

LAB_SERVICES: tuple[Callable[[Lab], Iterable[Resource]], ...] = (
    base.expand_lab,
    underlay.expand_lab,
    links.expand_lab,
)


def expand(lab: Lab, abilities: Abilities = ABLE) -> dict[Key, Resource]:
    """Return every resource that the lab means, by key.

    Args:
        lab: The lab.
        abilities: What the machine that shall hold it can do; by default all.

    Raises:
        InternalError: Two services ask for one key with different specs.
    """
    desired: dict[Key, Resource] = {}
    for resource in _resources(lab, abilities):
        if desired.setdefault(resource.key, resource) != resource:
            raise InternalError(f"two services describe {resource.key} differently")
    return desired


def _resources(lab: Lab, abilities: Abilities) -> Iterator[Resource]:
    for of_lab in LAB_SERVICES:
        yield from of_lab(lab)
    for node in lab.nodes:
        stands_on: list[Resource] = []
        for service in SERVICES:
            stands_on.extend(service(node, lab))
        yield from stands_on
        yield from router.expand(node, lab, stands_on, abilities)
