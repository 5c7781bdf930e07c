"""The underlay: one segment, one port per attached node."""

from __future__ import annotations

from collections.abc import Iterator

from nlan import interfaces
from nlan.dataplanes.base import UNDERLAY, End
from nlan.model import Lab, Node
from nlan.resources import Resource
from nlan.services._hosts import addressed
from nlan.services.base import Context


def expand_lab(lab: Lab, context: Context) -> Iterator[Resource]:
    """Yield the segment, where any node is on it."""
    if lab.underlay is not None and any(node.attached for node in lab.nodes):
        yield from context.dataplane.segment(lab.name, UNDERLAY, lab.underlay.mtu, exclusive=lab.exclusive)


def expand(node: Node, lab: Lab, context: Context) -> Iterator[Resource]:
    """Yield the node's port of the underlay and its address."""
    if not node.attached or node.underlay is None or lab.underlay is None:
        return
    end = End(node.name, interfaces.UNDERLAY)
    yield from context.dataplane.port(lab.name, UNDERLAY, end, lab.underlay.mtu)
    yield from addressed(end.namespace, end.interface, (node.underlay,))
