"""What all segments have in common, and their ends, whatever makes them."""

from __future__ import annotations

from nlan.schema.syntax.report import Position
from nlan.schema.written.addresses import SegmentPrefix
from nlan.schema.written.common import ADDRESSES, IFNAME, MTU, Addresses
from nlan.schema.written.kinds import Kind, ListOf, Shapes
from nlan.schema.written.scalars import Bool
from nlan.schema.written.sections import Key, Record, Section, keys_of


class EndKeys:
    """The keys of an end."""

    address = Key("address", ADDRESSES, "Its addresses.", default="from the segment's prefix")
    interface = Key("interface", IFNAME, "Its interface's name.", default="`eth1`, `eth2`, … by link, kept")
    dhcp = Key("dhcp", Bool(), "Its addresses come by DHCP (IPv4).", default="`false`")


END = Section("an end", "One end of a link or network.", keys_of(EndKeys))


END_ANY: Kind[Addresses | Record] = Shapes("addresses or a mapping", scalar=ADDRESSES, seq=ADDRESSES, map=END)


class SegmentKeys:
    """What links and networks have in common."""

    prefix = Key("prefix", ListOf(SegmentPrefix()), "Its prefixes, one a family.", default="from the pool")
    mtu = Key("mtu", MTU, "In bytes.", default="the lab's `mtu`")
    addresses = Key("addresses", Bool(), "`false`: layer 2 only, for the nodes.", default="`true`")


def as_record(value: Addresses | Record | None, at: Position) -> Record:
    """Return an end's options: a record as it is, a list of addresses as its `address`."""
    if isinstance(value, Record):
        return value
    record = Record(at)
    if value:
        record.put(EndKeys.address, value, at)
    return record
