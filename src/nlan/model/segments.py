"""Which interfaces share a segment, and who holds an address as a node sees it.

An address means something on its own segment: the same one may stand on others, as an anycast
loopback does, or as every site's 192.168.1.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nlan.interfaces import UNDERLAY
from nlan.model.codec import IpAddress, IpInterface
from nlan.model.lab import Lab, Node
from nlan.model.service import End
from nlan.model.service import Segment as Segment

Segments = dict[End, Segment]
"""The segment of each node's interfaces."""


class Groups:
    """Things that are joined to each other, directly or through others."""

    def __init__(self) -> None:
        """Start with everything apart."""
        self._parent: dict[Any, Any] = {}

    def root(self, thing: Any) -> Any:
        """Return what stands for the whole group of `thing`."""
        parent = self._parent
        while (above := parent.setdefault(thing, thing)) != thing:
            parent[thing] = thing = parent[above]
        return thing

    def join(self, one: Any, other: Any) -> None:
        """Put both groups together."""
        self._parent[self.root(one)] = self.root(other)


def segments_of(lab: Lab) -> Segments:
    """Return which segment each interface of each node is on."""
    found: Segments = {}
    for link in lab.links:
        for end in (link.a, link.b):
            found[end.node, end.interface] = ("link", link.name)
    for lan in lab.lans:
        for port in lan.ports:
            found[port.node, port.interface] = ("lan", lan.name)
    kinds = {type(service) for node in lab.nodes for service in node.services}
    for kind in sorted(kinds, key=lambda kind: kind.key):
        found.update(kind.segments(lab))
    return found


def held_on(node: Node, segments: Segments) -> Iterator[tuple[Segment, IpInterface]]:
    """Yield the node's addresses, each with the segment that it is on; hosts behind it are not the node."""
    for name, addresses in node.held():
        end = node.name, name
        segment = "underlay" if name == UNDERLAY and node.attached else segments.get(end, end)
        yield from ((segment, value) for value in addresses)


class Holders:
    """Who holds an address, as a node sees it."""

    def __init__(self, lab: Lab, segments: Segments | None = None) -> None:
        """Take the lab, and what `segments_of` found where that is known already."""
        self._segments = segments_of(lab) if segments is None else segments
        self._found: dict[IpAddress, dict[str, list[Segment]]] = {}
        self._near: dict[str, set[Segment]] = {}
        self._islands = Groups()
        for node in lab.nodes:
            for segment, value in held_on(node, self._segments):
                self._found.setdefault(value.ip, {}).setdefault(node.name, []).append(segment)
                self._near.setdefault(node.name, set()).add(segment)
        for (name, _), segment in self._segments.items():
            self._islands.join(name, segment)

    def __iter__(self) -> Iterator[IpAddress]:
        """Return all addresses."""
        return iter(self._found)

    def any(self, address: IpAddress) -> str | None:
        """Return some node that holds the address."""
        return next(iter(self._found.get(address, ())), None)

    def seen_from(self, node: str, address: IpAddress) -> str | None:
        """Return who holds the address for a node: a neighbour, else who is joined to it, else anybody."""
        found = self._found.get(address)
        if found is None:
            return None
        if len(found) == 1:
            return next(iter(found))
        others = [name for name in found if name != node]
        near = self._near.get(node, set())
        return min(others, key=lambda name: self._distance(node, name, found[name], near))

    def _distance(self, node: str, name: str, on: Iterable[Segment], near: set[Segment]) -> int:
        if not near.isdisjoint(on):
            return 0
        return 1 if self.island(name) == self.island(node) else 2

    def island(self, node: str) -> Any:
        """Return what stands for all nodes that are joined to this one by segments."""
        return self._islands.root(node)
