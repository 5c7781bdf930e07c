"""Links of the fake kernel: made, changed, removed; what stands on one goes with it.

Order and words are the kernel's: what `validate` of a kind checks comes before the name, the name
before what only making it shows (rtnetlink.c, veth.c, vxlan_core.c, br_if.c).
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nlan.testing.errors import RefusedError, UnexpectedError
from nlan.testing.kernel import address, route
from nlan.testing.kernel.state import Ip, Link, Netns, Tunnel

MTU_MIN, MTU_MAX, MTU_DEFAULT = 68, 65535, 1500
NAME_MAX = 15
VNI_LIMIT = 1 << 24


@dataclass(slots=True)
class NewLink:
    """What is asked for, see `Link`; `peer` is the other end of a pair."""

    netns: Netns
    name: str
    kind: str
    mac: str
    mtu: int = MTU_DEFAULT
    group: int = 0
    up: bool = False
    master: Link | None = None
    parent: Link | None = None
    tunnel: Tunnel | None = None
    peer: NewLink | None = None
    settings: dict[tuple[str, int], bytes] = field(default_factory=dict)


def create(new: NewLink) -> Link:
    """Make a link; for a pair, both ends, of which the first is returned."""
    for end in (new, *([new.peer] if new.peer else [])):
        check_name_length(end.name)
    _validate(new)
    if new.name in new.netns.links:
        raise RefusedError(errno.EEXIST)
    _check_creation(new)
    peer = None if new.peer is None else _register_peer(new, new.peer)
    link = _register(new)
    link.peer = peer
    if peer is not None:
        peer.peer = link
    try:
        if new.master is not None:
            set_master(link, new.master)
    except RefusedError:
        remove(link)
        raise
    if new.up:
        set_up(link, True)
    return link


def check_name_length(name: str) -> None:
    """Refuse a name that does not fit an interface's name."""
    if len(name) > NAME_MAX:
        raise RefusedError(errno.ERANGE, "Attribute failed policy validation")


def _validate(new: NewLink) -> None:
    vxlan = new.kind == "vxlan"
    if new.mac and not is_unicast(new.mac):
        raise RefusedError(errno.EADDRNOTAVAIL, "Provided Ethernet address is not unicast" if vxlan else "")
    if new.kind != "bridge" and not MTU_MIN <= new.mtu <= MTU_MAX:
        raise RefusedError(errno.EINVAL, "MTU must be between 68 and 65535" if vxlan else "")
    if new.tunnel is not None and new.tunnel.vni >= VNI_LIMIT:
        raise RefusedError(errno.ERANGE, "VXLAN ID must be lower than 16777216")


def _check_creation(new: NewLink) -> None:
    _check_name(new.name)
    _check_mtu(new.mtu)
    if new.tunnel is not None:
        _check_local(new.tunnel.local)
        if any(_clash(new.tunnel, link.tunnel) for link in new.netns.links.values()):
            raise RefusedError(errno.EEXIST, "A VXLAN device with the specified VNI already exists")


def _check_name(name: str) -> None:
    if name in ("", ".", "..") or any(c in "/:" or c.isspace() for c in name):
        raise RefusedError(errno.EINVAL)


def _check_mtu(mtu: int) -> None:
    if mtu < MTU_MIN:
        raise RefusedError(errno.EINVAL, "mtu less than device minimum")
    if mtu > MTU_MAX:
        raise RefusedError(errno.EINVAL, "mtu greater than device maximum")


def _check_local(local: Ip) -> None:
    if local.is_multicast:
        raise RefusedError(errno.EINVAL, "Local address cannot be multicast")


def _clash(one: Tunnel, other: Tunnel | None) -> bool:
    return other is not None and (one.vni, one.port, one.local.version) == (
        other.vni,
        other.port,
        other.local.version,
    )


def is_unicast(mac: str) -> bool:
    """Tell whether a link may have that MAC address."""
    return not int(mac[:2], 16) & 1 and mac != "00:00:00:00:00:00"


def _register_peer(new: NewLink, peer: NewLink) -> Link:
    """Make the other end, which comes first; it cannot be up, nor may both have one name."""
    _validate(peer)
    _check_name(peer.name)
    if peer.name in peer.netns.links:
        raise RefusedError(errno.EEXIST)
    if peer.up:
        raise RefusedError(errno.ENOTCONN)
    if (peer.netns, peer.name) == (new.netns, new.name):
        raise RefusedError(errno.EEXIST)
    return _register(peer)


def _register(new: NewLink) -> Link:
    link = Link(new.netns, new.netns.next_number(), new.name, new.kind, new.mac, new.mtu, new.group)
    link.tunnel, link.parent, link.settings = new.tunnel, new.parent, new.settings
    link.no_ipv6 = new.netns.switch("net/ipv6/conf/default/disable_ipv6")
    new.netns.links[new.name] = link
    return link


def remove(link: Link) -> None:
    """Remove a link with all that stands on it, and a pair's other end."""
    both = [end for end in (link, link.peer) if end is not None]
    for end in both:
        end.peer = None
        for port in end.ports():
            port.master = None
        for upper in [one for one in end.netns.links.values() if one.parent is end]:
            remove(upper)
        master, end.master = end.master, None
        route.flush(end)
        del end.netns.links[end.name]
        if master is not None:
            _follow_ports(master)


def remove_group(netns: Netns, group: int) -> None:
    """Remove all links of an interface group."""
    names = [link.name for link in netns.links.values() if link.group == group]
    if not names:
        raise RefusedError(errno.ENODEV)
    if any(netns.links[name].kind == "loopback" for name in names):
        raise RefusedError(errno.EOPNOTSUPP)
    for name in names:
        if name in netns.links:
            remove(netns.links[name])


def set_mac(link: Link, mac: str) -> None:
    """Give it another MAC address."""
    if not is_unicast(mac):
        raise RefusedError(errno.EADDRNOTAVAIL)
    link.mac = mac


def set_mtu(link: Link, mtu: int) -> None:
    """Change the MTU; a bridge whose MTU was changed once no longer follows its ports."""
    if mtu == link.mtu:
        return
    _check_mtu(mtu)
    link.mtu = mtu
    link.fixed_mtu = link.fixed_mtu or link.kind == "bridge"
    if not link.speaks_ipv6:
        address.drop_ipv6(link)
    if link.master is not None:
        _follow_ports(link.master)


def set_master(link: Link, master: Link | None) -> None:
    """Make it a port of a bridge, or of none."""
    former, link.master = link.master, None
    if former is not None:
        _follow_ports(former)
    if master is None:
        return
    if master.kind != "bridge":
        raise RefusedError(errno.EOPNOTSUPP)
    if link.kind == "bridge":
        raise RefusedError(errno.ELOOP, "Can not enslave a bridge to a bridge")
    link.master = master
    _follow_ports(master)


def _follow_ports(bridge: Link) -> None:
    if not bridge.fixed_mtu:
        bridge.mtu = min((port.mtu for port in bridge.ports()), default=MTU_DEFAULT)


def set_up(link: Link, up: bool) -> None:
    """Bring it up or take it down; that takes its routes and IPv6 addresses along."""
    if up == link.up:
        return
    link.up = up
    if up:
        address.connect(link)
    else:
        route.flush(link)
        address.drop_ipv6(link)


def set_local(link: Link, local: Ip) -> None:
    """Move a VXLAN device's own end."""
    if link.tunnel is None or local.version != link.tunnel.local.version:
        raise UnexpectedError(f"{link.name} cannot be moved to {local}: it would have to be made again")
    _check_local(local)
    link.tunnel.local = local


def _set_group(link: Link, group: int) -> None:
    link.group = group


def _set_alias(link: Link, alias: str) -> None:
    link.alias = alias


SETTERS: dict[str, Callable[[Link, Any], None]] = {
    "mac": set_mac,
    "mtu": set_mtu,
    "group": _set_group,
    "alias": _set_alias,
    "up": set_up,
    "master": set_master,
}
"""What can be changed of a link, in the kernel's order; what came before a refusal stays changed."""
