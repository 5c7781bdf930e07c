"""One side of a comparison: resources by key, and what stands on what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from nlan.resources import NAMESPACE, Key, Resource
from nlan.resources.base import Claim


class State:
    """Resources by key with the questions that planning asks; never changes. A `nlan.resources.base.Side`."""

    def __init__(self, resources: Mapping[Key, Resource]) -> None:
        """Take the resources of one side, desired or observed."""
        self.resources = resources

    @cached_property
    def claims(self) -> dict[Claim, Key]:
        """Who holds each claim."""
        return {claim: key for key, resource in self.resources.items() for claim in resource.claims()}

    def of(self, kind: str, namespace: str) -> Sequence[Any]:
        """Return the resources of a kind in a namespace."""
        return self._by_kind.get((kind, namespace), ())

    @cached_property
    def _by_kind(self) -> Mapping[tuple[str, str], list[Resource]]:
        found: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for key, resource in self.resources.items():
            found[key.kind, key.namespace].append(resource)
        return found

    def dependencies(self, key: Key) -> Iterator[Key]:
        """Yield the keys of this side that the resource stands on; an interface is any link's end."""
        resource = self.resources[key]
        for required in resource.requires():
            if required.kind == "interface":
                link = self.claims.get(tuple(required))
                if link is not None:
                    yield link
            elif required in self.resources:
                yield required
        yield from resource.stands_on(self)

    def carriers(self, key: Key) -> Iterator[Key]:
        """Yield what takes the resource along when it goes: its namespaces, and its link."""
        resource = self.resources[key]
        if not resource.outlives_namespace:
            yield from (Key(NAMESPACE, namespace, "") for namespace in resource.namespaces())
        if resource.goes_with_link:
            yield from (
                dependency for dependency in self.dependencies(key) if self.resources[dependency].is_link
            )

    def carried_in(self, namespaces: Container[str]) -> set[Key]:
        """Return the keys of what stands on links in these namespaces."""
        return {key for key, r in self.resources.items() if r.goes_with_link and key.namespace in namespaces}
