"""What is common to all kinds of links: the table of a namespace's links, and messages about one.

Marks: the first end of a veth pair, bridges and VXLAN devices are in interface group `FIRST`, the
other ends of pairs in `SECOND`, interfaces that a file names itself in `DEVICE`; links on their way out
are in `DOOMED`. NICs that the machine lends to a node are in `LENT`, whatever kind they are of.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from nlan.netlink import codec, wire
from nlan.netlink.channel import Channel
from nlan.netlink.codec import Message
from nlan.netlink.feature import Feature
from nlan.netlink.tables.settings import Setting, flags_to_set, odd_settings, settings_to_set

FIRST = 0x6E6C616E
SECOND = 0x6E6C616F
DOOMED = 0x6E6C6170
DEVICE = 0x6E6C6171
LENT = 0x6E6C6172
MARKS = frozenset((FIRST, SECOND, DOOMED, DEVICE, LENT))

_XDP_NONE = 8
"""Length of what a link without an XDP program says of that."""
_XDP_MODES = {
    wire.XDP_ATTACHED_DRV: wire.XDP_FLAGS_DRV_MODE,
    wire.XDP_ATTACHED_SKB: wire.XDP_FLAGS_SKB_MODE,
    wire.XDP_ATTACHED_HW: wire.XDP_FLAGS_HW_MODE,
}
"""The flag that names each way of being attached: by the driver, by the kernel, in hardware."""
_READ = frozenset(
    {
        wire.IFLA_ADDRESS,
        wire.IFLA_IFNAME,
        wire.IFLA_MTU,
        wire.IFLA_LINK,
        wire.IFLA_MASTER,
        wire.IFLA_LINKINFO,
        wire.IFLA_IFALIAS,
        wire.IFLA_AF_SPEC,
        wire.IFLA_GROUP,
        wire.IFLA_XDP,
    }
)
"""The attributes of a link that are read; it has dozens."""


class Link(NamedTuple):
    """A link as the kernel lists it.

    Attributes:
        number: Its index in the namespace.
        name: Its interface name.
        kind: ``veth``, ``bridge``, ``vxlan``, …; empty for hardware, loopback and whatever is lent.
        flags: IFF_*.
        mtu: In bytes.
        mac: With colons; empty where it has none.
        group: Its interface group.
        master: Index of the bridge it is a port of, 0 for none.
        peer: Index of the link it hangs on (a pair's other end), 0 for none.
        alias: Free words.
        data: What its kind says of it.
        odd: Settings of one of nlan's that are not as it makes them, in words; but for those of its kind.
        families: What each address family says of it.
        xdp: How an XDP program is attached to it (1 by the driver, 2 by the kernel, …), 0 where none is.
    """

    number: int
    name: str
    kind: str
    flags: int
    mtu: int
    mac: str
    group: int
    master: int
    peer: int
    alias: str
    data: dict[int, memoryview]
    odd: tuple[str, ...] = ()
    families: memoryview | None = None
    xdp: int = 0

    @property
    def has_begun_ipv6(self) -> bool:
        """Whether IPv6 has begun to work on it, as it does a moment after its first carrier."""
        if self.families is None or (six := codec.attributes(self.families).get(wire.AF_INET6)) is None:
            return False
        return bool(codec.as_u32(codec.attributes(six).get(wire.IFLA_INET6_FLAGS)) & wire.IF_READY)

    @property
    def up(self) -> bool:
        """Administrative state."""
        return bool(self.flags & wire.IFF_UP)

    @property
    def is_marked(self) -> bool:
        """Whether nlan made it (the loopback of a namespace counts)."""
        return self.group in MARKS


class Links:
    """All links of a namespace, by name and by index."""

    def __init__(self, links: Sequence[Link]) -> None:
        """Index them."""
        self.by_name = {link.name: link for link in links}
        self.by_index = {link.number: link for link in links}

    def name_of(self, index: int) -> str:
        """Return the name that goes with an index, empty where there is none."""
        link = self.by_index.get(index)
        return link.name if link else ""

    def index_of(self, name: str) -> int:
        """Return the index that goes with a name, 0 where there is none."""
        link = self.by_name.get(name)
        return link.number if link else 0


def dump_links(channel: Channel) -> Links:
    """Return all links of the channel's namespace."""
    body = wire.IFINFOMSG.pack(0, 0, 0, 0, 0) + codec.u32(wire.IFLA_EXT_MASK, wire.RTEXT_FILTER_SKIP_STATS)
    return Links([parse_link(body) for _, body in channel.dump(Message(wire.RTM_GETLINK, 0, body))])


def parse_link(body: memoryview) -> Link:
    """Return the link that the body of an wire.RTM_NEWLINK describes."""
    _, _, index, flags, _ = wire.IFINFOMSG.unpack_from(body)
    found = codec.some_attributes(body, wire.IFINFOMSG.size, _READ)
    info = codec.attributes(found[wire.IFLA_LINKINFO]) if wire.IFLA_LINKINFO in found else {}
    kind = codec.as_text(info.get(wire.IFLA_INFO_KIND))
    data = codec.attributes(info[wire.IFLA_INFO_DATA]) if wire.IFLA_INFO_DATA in info else {}
    mac = found.get(wire.IFLA_ADDRESS)
    group = codec.as_u32(found.get(wire.IFLA_GROUP))
    judged = group in MARKS and group != LENT and not flags & wire.IFF_LOOPBACK
    return Link(
        index,
        codec.as_text(found.get(wire.IFLA_IFNAME)),
        "" if group == LENT else kind,
        flags,
        codec.as_u32(found.get(wire.IFLA_MTU)),
        "" if mac is None else mac.hex(":"),
        group,
        codec.as_u32(found.get(wire.IFLA_MASTER)),
        codec.as_u32(found.get(wire.IFLA_LINK)),
        codec.as_text(found.get(wire.IFLA_IFALIAS)),
        data,
        tuple(odd_settings(flags, _port(info))) if judged else (),
        found.get(wire.IFLA_AF_SPEC),
        _xdp(found.get(wire.IFLA_XDP)),
    )


def _xdp(attribute: memoryview | None) -> int:
    if attribute is None or len(attribute) <= _XDP_NONE:
        return 0
    return codec.attributes(attribute)[wire.IFLA_XDP_ATTACHED][0]


def without_xdp(link: Link) -> bytes:
    """Return the body of the message that takes a link's XDP program away."""
    program = codec.attribute(wire.IFLA_XDP_FD, struct.pack("=i", -1))
    mode = codec.u32(wire.IFLA_XDP_FLAGS, _XDP_MODES.get(link.xdp, 0))
    return link_header(link.number) + codec.nest(wire.IFLA_XDP, program + mode)


def _port(info: Mapping[int, memoryview]) -> dict[int, memoryview]:
    """Return what a link has as a port of a bridge."""
    if codec.as_text(info.get(wire.IFLA_INFO_SLAVE_KIND)) != "bridge":
        return {}
    return codec.attributes(info[wire.IFLA_INFO_SLAVE_DATA])


def link_header(index: int) -> bytes:
    """Return the body of a message about the link with that index."""
    return wire.IFINFOMSG.pack(0, 0, index, 0, 0)


def link_body(*parts: bytes, up: bool | None = None, name: str = "") -> bytes:
    """Return the body of a message about the link of that name; `up` None leaves its state alone."""
    header = wire.IFINFOMSG.pack(0, 0, 0, wire.IFF_UP if up else 0, 0 if up is None else wire.IFF_UP)
    named = codec.text(wire.IFLA_IFNAME, name) if name else b""
    return header + named + b"".join(parts)


def create_link(name: str, kind: str, *parts: bytes, data: bytes = b"", up: bool = False) -> Message:
    """Return the message that makes a link; it fails where one of that name exists."""
    info = codec.nest(
        wire.IFLA_LINKINFO, codec.text(wire.IFLA_INFO_KIND, kind), codec.nest(wire.IFLA_INFO_DATA, data)
    )
    body = link_body(*parts, info, up=up, name=name)
    return Message(wire.RTM_NEWLINK, wire.NLM_F_CREATE | wire.NLM_F_EXCL, body)


def change_link(name: str, *parts: bytes, up: bool | None = None) -> Message:
    """Return the message that changes a link of that name; it fails where there is none."""
    return Message(wire.RTM_NEWLINK, 0, link_body(*parts, up=up, name=name))


def put_right(
    name: str, kind: str, odd: Sequence[str], settings: Sequence[Setting] = ()
) -> Iterator[Message]:
    """Yield the messages that put right what is odd about a link.

    Args:
        name: The link's.
        kind: As the kernel calls it.
        odd: What is odd, in words.
        settings: How nlan leaves the settings of the kind.
    """
    flags, mask = flags_to_set(odd)
    if mask:
        header = wire.IFINFOMSG.pack(0, 0, 0, flags, mask)
        yield Message(wire.RTM_NEWLINK, 0, header + codec.text(wire.IFLA_IFNAME, name))
    for attribute in settings_to_set(kind, odd, settings):
        yield change_link(name, attribute)


def group_link(name: str, group: int) -> Message:
    """Return the message that puts a link into an interface group; `delete_doomed` removes the `DOOMED`."""
    return change_link(name, codec.u32(wire.IFLA_GROUP, group))


def delete_doomed() -> Message:
    """Return the message that removes all doomed links of a namespace, in one grace period."""
    return Message(wire.RTM_DELLINK, 0, link_body(codec.u32(wire.IFLA_GROUP, DOOMED)))


def mac_octets(mac: str) -> bytes:
    """Return the six bytes of a MAC address."""
    return bytes.fromhex(mac.replace(":", ""))


def basics(mac: str, mtu: int, group: int) -> bytes:
    """Return the attributes that every new link has."""
    return (
        codec.attribute(wire.IFLA_ADDRESS, mac_octets(mac))
        + codec.u32(wire.IFLA_MTU, mtu)
        + codec.u32(wire.IFLA_GROUP, group)
    )


def link_feature(kind: str, purpose: str, data: bytes = b"", *, needed: bool = True) -> Feature:
    """Return the feature "the kernel can make links of that kind", `data` being what it needs."""

    def attempt(name: str) -> list[Message]:
        return [create_link(name, kind, data=data)]

    return Feature(kind, f"a {kind} link", purpose, kind, attempt, needed)
