"""BGP sessions that survive the loss of their own address, and are of no use then.

See `nlan.engines.frr.config.nexthops`: what carries IPv6 is reset where the plan makes its address again, and
the plan says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from nlan.engines.frr.config.nexthops import Session, carrying_ipv6
from nlan.engines.frr.resource import FrrDaemon
from nlan.model.codec import IpAddress
from nlan.plan.operation import Operation
from nlan.plan.state import State
from nlan.resources import IMPACTS, Address, Key


def with_resets(changes: Sequence[Operation], wanted: State, seen: State) -> list[Operation]:
    """Return the changes with the resets of sessions whose own address they make again."""
    result = {operation.key: operation for operation in changes}
    for namespace, moved in _moved(changes, seen).items():
        key = Key("frr", namespace, "bgpd")
        before, after = seen.resources.get(key), wanted.resources.get(key)
        if not isinstance(before, FrrDaemon) or not isinstance(after, FrrDaemon):
            continue
        planned = result.get(key)
        if planned is not None and planned.action != "update":
            continue  # all its sessions are new
        peers = tuple(_losing(after, before, moved, wanted))
        if peers:
            result[key] = _resetting(planned, after, before, peers)
    return list(result.values())


def _moved(changes: Sequence[Operation], seen: State) -> Mapping[str, set[IpAddress]]:
    """Return the addresses that are made though their node has them, by node."""
    held = {(r.namespace, r.address.ip) for r in seen.resources.values() if isinstance(r, Address)}
    found: dict[str, set[IpAddress]] = defaultdict(set)
    for operation in changes if held else ():
        made = operation.desired
        if isinstance(made, Address) and (made.namespace, made.address.ip) in held:
            found[made.namespace].add(made.address.ip)
    return found


def _losing(after: FrrDaemon, before: FrrDaemon, moved: set[IpAddress], wanted: State) -> Iterator[str]:
    """Yield the peers of sessions that are there before and after, and lose their next hop."""
    old = set(carrying_ipv6(before.config or ()))
    for session in carrying_ipv6(after.config or ()):
        if session in old and moved & set(_own(session, after.namespace, wanted)):
            yield str(session.peer)


def _own(session: Session, namespace: str, wanted: State) -> Iterator[IpAddress]:
    """Yield the addresses that a session depends on: its own; over IPv4 those of IPv6 beside it, too."""
    held = list(wanted.addresses_in(namespace))
    ends = [a for a in held if _is_end(a, session)]
    yield from (end.address.ip for end in ends)
    if session.peer.version == 4:
        interfaces = {end.interface for end in ends}
        yield from (a.address.ip for a in held if a.interface in interfaces and a.address.version == 6)


def _is_end(address: Address, session: Session) -> bool:
    if session.source:
        return session.source in (address.interface, str(address.address.ip))
    return address.address.version == session.peer.version and session.peer in address.address.network


def _resetting(
    planned: Operation | None, after: FrrDaemon, before: FrrDaemon, peers: tuple[str, ...]
) -> Operation:
    reason = f"resets {', '.join(peers)} (the address below is made again)"
    desired = msgspec.structs.replace(after, reset=peers)
    if planned is None:
        return Operation(
            action="update", key=after.key, impact="session", reason=reason, desired=desired, observed=before
        )
    impact = max(planned.impact, "session", key=IMPACTS.index)
    reason = f"{planned.reason}; {reason}"
    return msgspec.structs.replace(planned, impact=impact, reason=reason, desired=desired)
