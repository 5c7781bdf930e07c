"""The next hops of a route in a message: none, one, or the many of a multipath route."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import NamedTuple

from nlan.netlink import codec, wire


class Hop(NamedTuple):
    """Where a route leads.

    Attributes:
        via: The next hop's address, empty where the destination is on the link.
        oif: The interface's index.
    """

    via: str
    oif: int


def hops_of(attributes: Mapping[int, memoryview]) -> Iterator[Hop]:
    """Yield the next hops that a route's attributes tell of, in the kernel's order; at least one.

    Args:
        attributes: Those behind the route's header.
    """
    if wire.RTA_MULTIPATH not in attributes:
        yield Hop(_via(attributes), codec.as_u32(attributes.get(wire.RTA_OIF), 0))
        return
    data, offset = attributes[wire.RTA_MULTIPATH], 0
    while offset + wire.RTNEXTHOP.size <= len(data):
        size, _, _, index = wire.RTNEXTHOP.unpack_from(data, offset)
        if size < wire.RTNEXTHOP.size:
            raise ValueError(f"a next hop of {size} bytes")
        yield Hop(_via(codec.attributes(data[offset : offset + size], wire.RTNEXTHOP.size)), index)
        offset += (size + 3) & ~3


def _via(attributes: Mapping[int, memoryview]) -> str:
    via = attributes.get(wire.RTA_GATEWAY)
    if via is None and wire.RTA_VIA in attributes:  # another family's next hop, behind two bytes that name it
        via = attributes[wire.RTA_VIA][2:]
    return "" if via is None or len(via) not in (4, 16) else str(ip_address(bytes(via)))
