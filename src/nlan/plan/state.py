"""One side of a comparison: resources by key, and what stands on what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from functools import cached_property

from nlan.resources import Address, Key, Resource, Route, Veth

Claim = tuple[str, ...]

CARRIED = frozenset({"address", "fdb", "route"})
"""Kinds that the kernel removes together with the link they stand on."""
LINKS = frozenset({"bridge", "veth", "vxlan"})
"""The kinds of links."""


class State:
    """Resources by key with the questions that planning asks; never changes."""

    def __init__(self, resources: Mapping[Key, Resource]) -> None:
        """Take the resources of one side, desired or observed."""
        self.resources = resources

    @cached_property
    def claims(self) -> dict[Claim, Key]:
        """Who holds each claim."""
        return {claim: key for key, resource in self.resources.items() for claim in resource.claims()}

    def grounds(self, key: Key) -> Iterator[Key]:
        """Yield the keys of this side that the resource requires; an interface is any link's end.

        A route also needs the address whose subnet its next hop is in.
        """
        resource = self.resources[key]
        for required in resource.requires():
            if required.kind == "interface":
                link = self.claims.get(tuple(required))
                if link is not None:
                    yield link
            elif required in self.resources:
                yield required
        if isinstance(resource, Route):
            yield from (a.key for a in self._addresses_for(resource) if resource.via in a.address.network)

    def _addresses_for(self, route: Route) -> Iterator[Address]:
        if route.interface is not None:
            yield from self._addresses.get((route.namespace, route.interface), ())
            return
        for (namespace, _), addresses in self._addresses.items():
            if namespace == route.namespace:
                yield from addresses

    def addresses4(self, namespace: str, interface: str) -> set[Key]:
        """Return the keys of an interface's IPv4 addresses."""
        return {a.key for a in self._addresses.get((namespace, interface), ()) if a.address.version == 4}

    @cached_property
    def _addresses(self) -> Mapping[tuple[str, str], list[Address]]:
        found: dict[tuple[str, str], list[Address]] = defaultdict(list)
        for resource in self.resources.values():
            if isinstance(resource, Address):
                found[resource.namespace, resource.interface].append(resource)
        return found

    def addresses_in(self, namespace: str) -> Iterator[Address]:
        """Yield the addresses of a namespace."""
        for (where, _), addresses in self._addresses.items():
            if where == namespace:
                yield from addresses

    def carriers(self, key: Key) -> Iterator[Key]:
        """Yield what takes the resource along when it goes: its namespaces, and its link."""
        if key.kind == "namespace":
            return
        yield Key("namespace", key.namespace, "")
        resource = self.resources[key]
        if isinstance(resource, Veth):
            yield Key("namespace", resource.peer_namespace, "")
        if key.kind in CARRIED:
            yield from (ground for ground in self.grounds(key) if ground.kind in LINKS)

    def carried_in(self, namespaces: Container[str]) -> set[Key]:
        """Return the keys of what stands on links in these namespaces."""
        return {key for key in self.resources if key.kind in CARRIED and key.namespace in namespaces}
