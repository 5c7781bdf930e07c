"""What shall be, arranged so that an event finds what it concerns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property

from nlan.engines.base import Daemon
from nlan.model import Lab
from nlan.resources import NAMESPACE, Key, Resource
from nlan.resources.base import Claim, KernelFile


class Desired:
    """The resources of one revision of a lab."""

    def __init__(self, lab: Lab, revision: int, resources: Mapping[Key, Resource]) -> None:
        """Take the lab, and what it means."""
        self.lab, self.revision, self.resources = lab, revision, resources

    @cached_property
    def by_namespace(self) -> dict[str, dict[Key, Resource]]:
        """The resources by the namespace of their key."""
        found: dict[str, dict[Key, Resource]] = defaultdict(dict)
        for key, resource in self.resources.items():
            found[key.namespace][key] = resource
        return found

    @cached_property
    def count(self) -> int:
        """How many namespaces there are."""
        return sum(key.kind == NAMESPACE for key in self.resources)

    @cached_property
    def claims(self) -> frozenset[Claim]:
        """What is claimed, such as a route's prefix."""
        return frozenset(claim for resource in self.resources.values() for claim in resource.claims())

    @cached_property
    def other_ends(self) -> dict[tuple[str, str], str]:
        """For each end of a pair, the namespace of its other end."""
        found: dict[tuple[str, str], str] = {}
        for resource in self.resources.values():
            ends = resource.ends() if resource.is_link else ()
            if len(ends) == 2:
                one, other = ends
                found[one], found[other] = other[0], one[0]
        return found

    @cached_property
    def unreported(self) -> dict[str, list[KernelFile]]:
        """Kernel files whose change no event reports, by namespace."""
        found: dict[str, list[KernelFile]] = defaultdict(list)
        for key, resource in self.resources.items():
            if (file := resource.unreported) is not None:
                found[key.namespace].append(file)
        return found

    @cached_property
    def polled(self) -> dict[str, dict[Key, Resource]]:
        """What has to be looked at from time to time, by namespace."""
        return {
            namespace: polled
            for namespace, resources in self.by_namespace.items()
            if (polled := {key: r for key, r in resources.items() if r.is_polled})
        }

    @cached_property
    def speakers(self) -> dict[str, str]:
        """The kind of the routing daemons of each node that has any."""
        return {r.namespace: r.kind for r in self.resources.values() if isinstance(r, Daemon)}

    def part(self, namespaces: Iterable[str], *, daemons: bool) -> dict[Key, Resource]:
        """Return the resources of some namespaces, with or without their daemons."""
        return {
            key: resource
            for namespace in namespaces
            for key, resource in self.by_namespace.get(namespace, {}).items()
            if daemons or not isinstance(resource, Daemon)
        }
