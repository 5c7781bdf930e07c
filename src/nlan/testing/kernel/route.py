"""Routes of the fake kernel's main tables.

A next hop must be on a link that is up: by a connected route, or by being an address of its own for
IPv4 (fib_semantics.c). IPv6 knows link-local next hops, and no own ones (net/ipv6/route.c).
"""

from __future__ import annotations

import errno
from ipaddress import IPv4Interface

from nlan.testing.errors import RefusedError
from nlan.testing.kernel.state import KERNEL, MAIN_TABLE, Ip, Link, Netns, Prefix, Route

_METRIC = {4: 0, 6: 1024}
_INVALID = "Nexthop has invalid gateway"


def add(
    netns: Netns,
    prefix: Prefix,
    via: Ip,
    link: Link | None,
    protocol: int,
    *,
    exclusive: bool = False,
    replace: bool = False,
) -> None:
    """Add a route.

    Args:
        netns: Where.
        prefix: To where.
        via: Next hop.
        link: Where the next hop is; None lets the kernel find out.
        protocol: Who wants it.
        exclusive: Refuse where there is one to that prefix.
        replace: Take the place of one to that prefix.
    """
    out = _out4(netns, via, link) if via.version == 4 else _out6(netns, via, link)
    fresh = Route(prefix, via, out, protocol, _METRIC[via.version])
    for position, other in enumerate(netns.routes):
        if (other.prefix, other.metric, other.table) == (prefix, fresh.metric, fresh.table):
            if exclusive:
                raise RefusedError(errno.EEXIST)
            if replace:
                netns.routes[position] = fresh
                return
    netns.routes.append(fresh)


def restore(netns: Netns, prefix: Prefix, link: Link, table: int) -> None:
    """Put back a route of the kernel's own, which stands beside others to the prefix."""
    if not link.up:
        raise RefusedError(errno.ENETDOWN, "Device for nexthop is not up")
    if not any((r.prefix, r.link, r.table) == (prefix, link, table) for r in netns.routes):
        metric = 0 if prefix.version == 4 else 256
        netns.routes.append(Route(prefix, None, link, KERNEL, metric, table))


def _out4(netns: Netns, via: Ip, link: Link | None) -> Link:
    """Return the link that leads to an IPv4 next hop."""
    for one in netns.links.values():
        if link in (None, one) and _is_local4(one, via):
            if not one.up:
                raise RefusedError(errno.ENETDOWN, "Nexthop device is not up")
            return one
    nearest = _nearest(netns, via, link, connected=True)
    if nearest is None:
        raise RefusedError(errno.ENETUNREACH, _INVALID)
    return nearest.link


def _is_local4(link: Link, via: Ip) -> bool:
    """Tell whether it is an address of the link, up or not; its broadcast address is refused."""
    own = [a.interface for a in link.addresses if isinstance(a.interface, IPv4Interface)]
    if any(i.ip == via for i in own):
        return True
    if link.up and any(i.network.prefixlen < 31 and i.network.broadcast_address == via for i in own):
        raise RefusedError(errno.EINVAL, _INVALID)
    return False


def _out6(netns: Netns, via: Ip, link: Link | None) -> Link:
    """Return the link that leads to an IPv6 next hop."""
    if link is not None and not link.speaks_ipv6:
        raise RefusedError(errno.ENODEV)
    own = (a.interface.ip for one in netns.links.values() for a in one.addresses)
    if via in own:
        raise RefusedError(errno.EINVAL, "Gateway can not be a local address")
    if via.is_link_local:
        if link is None:
            raise RefusedError(errno.EINVAL, "Egress device not specified")
        if not link.up:
            raise RefusedError(errno.ENETDOWN, "Nexthop device is not up")
        return link
    nearest = _nearest(netns, via, link, connected=False)
    if nearest is None or nearest.via is not None:
        raise RefusedError(errno.EHOSTUNREACH)
    return nearest.link


def _nearest(netns: Netns, via: Ip, link: Link | None, *, connected: bool) -> Route | None:
    fitting = [
        r
        for r in netns.routes
        if r.table == MAIN_TABLE
        and r.prefix.version == via.version
        and via in r.prefix
        and link in (None, r.link)
        and not (connected and r.via is not None)
    ]
    return max(fitting, key=lambda r: r.prefix.prefixlen, default=None)


def remove(netns: Netns, prefix: Prefix, via: Ip, protocol: int) -> None:
    """Remove the first route that has all of these."""
    for r in netns.routes:
        if (r.prefix, r.via, r.protocol) == (prefix, via, protocol):
            netns.routes.remove(r)
            return
    raise RefusedError(errno.ESRCH)


def flush(link: Link, version: int | None = None) -> None:
    """Remove all routes that leave by a link, or those of one IP version."""
    routes = link.netns.routes
    routes[:] = [r for r in routes if r.link is not link or version not in (None, r.prefix.version)]
