"""One side of a comparison: resources by key, and what stands on what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property

from nlan.resources import Key, Resource, Veth

Claim = tuple[str, ...]

CARRIED = frozenset({"address", "fdb", "route"})
"""Kinds that the kernel removes together with the link they stand on."""


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
        """Yield the keys of this side that the resource requires; an interface is any link's end."""
        for required in self.resources[key].requires():
            if required.kind == "interface":
                link = self.claims.get(tuple(required))
                if link is not None:
                    yield link
            elif required in self.resources:
                yield required

    def carriers(self, key: Key) -> Iterator[Key]:
        """Yield what takes the resource along when it goes: its namespaces, and its link."""
        if key.kind == "namespace":
            return
        yield Key("namespace", key.namespace, "")
        resource = self.resources[key]
        if isinstance(resource, Veth):
            yield Key("namespace", resource.peer_namespace, "")
        if key.kind in CARRIED:
            yield from (ground for ground in self.grounds(key) if ground.kind != "namespace")

    def carried_by(self, link: Key) -> list[Key]:
        """Return what the kernel removes together with that link."""
        return self._carried.get(link, [])

    @cached_property
    def _carried(self) -> dict[Key, list[Key]]:
        carried: dict[Key, list[Key]] = defaultdict(list)
        for key in self.resources:
            if key.kind in CARRIED:
                for ground in self.grounds(key):
                    carried[ground].append(key)
        return carried
