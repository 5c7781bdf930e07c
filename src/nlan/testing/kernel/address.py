"""Addresses of the fake kernel, and the routes to their subnets that come and go with them.

IPv4 tells addresses apart by address and length, IPv6 by address alone. An IPv4 address in the subnet
of an earlier one of its link is a secondary and goes with it, unless ``promote_secondaries`` is on.
"""

from __future__ import annotations

import errno
from ipaddress import IPv6Address, ip_network

from nlan.testing.errors import RefusedError, UnexpectedError
from nlan.testing.kernel import route
from nlan.testing.kernel.state import KERNEL, LOCAL_TABLE, MAIN_TABLE, Address, Interface, Link, Route

_METRIC = {4: 0, 6: 256}


def add(link: Link, interface: Interface, protocol: int, *, replace: bool = False) -> None:
    """Give an address to a link, or with `replace` the protocol number to one that it has."""
    (_check4 if interface.version == 4 else _check6)(link, interface)
    found = _find(link, interface)
    if found is not None:
        if not replace:
            raise RefusedError(errno.EEXIST)
        found.protocol = protocol
        return
    fresh = Address(interface, protocol, _is_secondary(link, interface))
    link.addresses.append(fresh)
    if link.up:
        _connect(link, fresh)


def _check4(link: Link, interface: Interface) -> None:
    if interface.ip.is_unspecified or interface.ip.is_multicast:
        raise UnexpectedError(f"the fake kernel does not know what Linux makes of {interface}")


def _check6(link: Link, interface: Interface) -> None:
    ip = interface.ip
    assert isinstance(ip, IPv6Address)
    if not link.speaks_ipv6:
        raise RefusedError(errno.EINVAL)
    if link.no_ipv6:
        raise RefusedError(errno.EACCES, "ipv6: IPv6 is disabled on this device")
    if ip.is_unspecified:
        raise RefusedError(errno.EADDRNOTAVAIL, "ipv6: Invalid address")
    if ip.is_loopback and link.kind != "loopback":
        raise RefusedError(errno.EADDRNOTAVAIL, "ipv6: Cannot assign loopback address on this device")
    if ip.is_multicast:
        words = 'ipv6: Cannot assign multicast address without "IFA_F_MCAUTOJOIN" flag'
        raise RefusedError(errno.EADDRNOTAVAIL, words)


def _find(link: Link, interface: Interface) -> Address | None:
    for address in link.addresses:
        if address.interface.ip == interface.ip and (
            interface.version == 6 or address.interface == interface
        ):
            return address
    return None


def _is_secondary(link: Link, interface: Interface) -> bool:
    return interface.version == 4 and any(
        address.interface.network == interface.network for address in link.addresses
    )


def remove(link: Link, interface: Interface) -> None:
    """Take an address from a link."""
    if interface.version == 6 and not link.speaks_ipv6:
        raise RefusedError(errno.ENXIO)
    found = _find(link, interface)
    if found is None or found.interface != interface:
        raise RefusedError(errno.EADDRNOTAVAIL)
    link.addresses.remove(found)
    if interface.version == 4 and not found.secondary:
        _bereave(link, found)
    _disconnect(link, found)
    if interface.version == 4 and not any(a.interface.version == 4 for a in link.addresses):
        route.flush(link, 4)


def _bereave(link: Link, primary: Address) -> None:
    """Make the first secondary of a removed address the primary, or remove them all."""
    secondaries = [a for a in link.addresses if a.interface.network == primary.interface.network]
    switches = (f"net/ipv4/conf/{name}/promote_secondaries" for name in ("all", link.name))
    if any(link.netns.switch(switch) for switch in switches):
        for first in secondaries[:1]:
            first.secondary = False
    else:
        link.addresses = [a for a in link.addresses if a not in secondaries]


def connect(link: Link) -> None:
    """Route to the subnets of a link that has come up."""
    for address in link.addresses:
        _connect(link, address)


def _connect(link: Link, address: Address) -> None:
    network = address.interface.network
    version = network.version
    if version == 4:
        route.restore(link.netns, ip_network(address.interface.ip), link, LOCAL_TABLE)
    if address.secondary or (version == 4 and (network.prefixlen == 32 or link.kind == "loopback")):
        return
    if address.interface.ip.is_loopback:
        return
    if not any(_is_connection(r, link, address) for r in link.netns.routes):
        link.netns.routes.append(Route(network, None, link, KERNEL, _METRIC[version]))


def _disconnect(link: Link, address: Address) -> None:
    routes = link.netns.routes
    local = ip_network(address.interface.ip)
    if all(a.interface.ip != address.interface.ip for a in link.addresses):
        routes[:] = [r for r in routes if (r.link, r.table, r.prefix) != (link, LOCAL_TABLE, local)]
    if all(a.interface.network != address.interface.network for a in link.addresses):
        routes[:] = [r for r in routes if not _is_connection(r, link, address)]


def _is_connection(r: Route, link: Link, address: Address) -> bool:
    is_main = r.table == MAIN_TABLE
    return is_main and r.link is link and r.via is None and r.prefix == address.interface.network


def drop_ipv6(link: Link) -> None:
    """Take all IPv6 addresses and routes from a link that has gone down or become too narrow."""
    link.addresses = [a for a in link.addresses if a.interface.version == 4]
    route.flush(link, 6)
