"""A data plane: the kernel's own, with names of its own for what is in the fabric."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from nlan.dataplanes.base import End, Segment
from nlan.dataplanes.linux import Linux
from nlan.interfaces import short_name
from nlan.kinds.bridge import Bridge
from nlan.kinds.veth import Veth
from nlan.resources import Resource


class Patchbay(Linux):
    """See `nlan.dataplanes.base.Dataplane`."""

    name = "patchbay"

    def segment(self, lab: str, segment: Segment, mtu: int, *, exclusive: bool = False) -> Iterator[Resource]:
        for one in super().segment(lab, segment, mtu, exclusive=exclusive):
            yield replace(one, name=_bay(segment)) if isinstance(one, Bridge) else one

    def port(self, lab: str, segment: Segment, end: End, mtu: int) -> Iterator[Resource]:
        bay = _bay(segment)
        plug = short_name("plug.", f"{bay}/{end.namespace}/{end.interface}")
        for one in super().port(lab, segment, end, mtu):
            yield replace(one, peer_name=plug, peer_master=bay) if isinstance(one, Veth) else one


def _bay(segment: Segment) -> str:
    return short_name("bay.", segment.name or segment.kind)


DATAPLANE = Patchbay()
