"""`plugins.ipam(first, *routers)`: an address for each router, counting up, at `ip.<router>`."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network, ip_interface

from tega.plugins.base import Plugin

PREFIX = {4: 24, 6: 64}
"""Length of the prefix when the first address comes without one."""


class Ipam(Plugin):
    """Addresses of routers, in the order they are named."""

    async def on_init(self) -> None:
        await self.offer("plugins.ipam", self.ipam)

    async def ipam(self, first: str, *routers: str) -> dict[str, str]:
        """Write and return `ip`: the first router gets `first`, the next ones count up."""
        addresses = assign(first, routers)
        await self.db.put("ip", addresses, message="plugins.ipam")
        return addresses


def assign(first: str, routers: tuple[str, ...]) -> dict[str, str]:
    """Return an address with prefix for each router.

    Raises:
        ValueError: `first` is no address, a router is named twice, or the
            network has too few addresses.
    """
    if not routers:
        raise ValueError("ipam wants the names of the routers after the first address")
    if len(set(routers)) != len(routers):
        raise ValueError("ipam was given a router twice")
    start = _with_prefix(first)
    lowest, highest = _usable(start.network)
    if int(start.ip) < lowest or int(start.ip) + len(routers) - 1 > highest:
        raise ValueError(f"{start.network} has no room for {len(routers)} addresses from {start.ip} on")
    return {router: f"{start.ip + place}/{start.network.prefixlen}" for place, router in enumerate(routers)}


def _usable(network: IPv4Network | IPv6Network) -> tuple[int, int]:
    """First and last address that a router can have: not the ends of an IPv4 network, but for RFC 3021."""
    ends = 1 if network.version == 4 and network.prefixlen < 31 else 0
    return int(network.network_address) + ends, int(network.broadcast_address) - ends


def _with_prefix(first: str) -> IPv4Interface | IPv6Interface:
    found = ip_interface(first)
    return found if "/" in first else ip_interface(f"{first}/{PREFIX[found.version]}")
