"""BGP sessions that survive the loss of their own address, and are of no use then.

See `nlan.engines.frr.config.nexthops`: what carries IPv6 is reset where the plan makes its address again, and
the plan says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nlan.engines.frr.config.nexthops import Session, carrying_ipv6
from nlan.kinds.address import Address
from nlan.model.codec import IpAddress
from nlan.resources.base import Resource


def moved(planned: Sequence[Resource], held: Sequence[Address]) -> set[IpAddress]:
    """Return the addresses of a node that are made though it has them."""
    there = {address.address.ip for address in held}
    return {made.address.ip for made in planned if isinstance(made, Address) and made.address.ip in there}


def losing(
    after: Sequence[str], before: Sequence[str], moved: set[IpAddress], held: Sequence[Address]
) -> Iterator[str]:
    """Yield the peers of sessions that are there before and after, and lose their next hop.

    Args:
        after: bgpd's lines as they shall be.
        before: Its lines as they are.
        moved: The addresses that are made again.
        held: The addresses that the node shall have.
    """
    old = set(carrying_ipv6(before))
    for session in carrying_ipv6(after):
        if session in old and moved & set(_own(session, held)):
            yield str(session.peer)


def _own(session: Session, held: Sequence[Address]) -> Iterator[IpAddress]:
    """Yield the addresses that a session depends on: its own; over IPv4 those of IPv6 beside it, too."""
    ends = [a for a in held if _is_end(a, session)]
    yield from (end.address.ip for end in ends)
    if session.peer.version == 4:
        interfaces = {end.interface for end in ends}
        yield from (a.address.ip for a in held if a.interface in interfaces and a.address.version == 6)


def _is_end(address: Address, session: Session) -> bool:
    if session.source:
        return session.source in (address.interface, str(address.address.ip))
    return address.address.version == session.peer.version and session.peer in address.address.network
