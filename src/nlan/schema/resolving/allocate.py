"""Allocation by name, kept: a name takes the lowest free number of its pool and never moves.

The record of all numbers is an `Allocations` value that goes in and comes out of `load`. Names
that are gone keep their number, so that a node that returns finds its address again, until their
pool is used up.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

import msgspec

from nlan.model.codec import Base, IpInterface, IpNetwork
from nlan.schema.syntax.report import Position, Report

Spans = tuple[Sequence[int], Sequence[int]]
"""Numbers that are not given out: sorted first and last ones of each span."""


class Allocations(Base, frozen=True, kw_only=True):
    """What was ever allocated: pool, then name, then number. Travels as JSON (`nlan.model.to_json`).

    Treat it as immutable; `load` returns a new one.
    """

    pools: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)


class Family(NamedTuple):
    """A pool's numbers in one address family: number `n` is `base + (n << shift)`."""

    version: int
    base: int
    shift: int
    size: int
    length: int


class Pool:
    """A pool of pieces of equal length, the same number in both families."""

    def __init__(self, name: str, families: Iterable[Family], first: int) -> None:
        """Take the families and the first number that is given out."""
        self.name, self.families, self.first = name, tuple(families), first
        self.last = min((family.size for family in self.families), default=0) - 1
        self.blocked: Spans = ((), ())

    def block(self, networks: Iterable[IpNetwork]) -> None:
        """Keep allocations off the networks, which the file states."""
        spans = sorted(span for network in networks for span in self._spans(network))
        lows: list[int] = []
        highs: list[int] = []
        for low, high in spans:
            if highs and low <= highs[-1] + 1:
                highs[-1] = max(highs[-1], high)
            else:
                lows.append(low)
                highs.append(high)
        self.blocked = lows, highs

    def _spans(self, network: IpNetwork) -> Iterable[tuple[int, int]]:
        for family in self.families:
            if family.version != network.version:
                continue
            low = int(network.network_address) - family.base
            high = int(network.broadcast_address) - family.base
            if high >= 0 and low < family.size << family.shift:
                yield max(low, 0) >> family.shift, high >> family.shift

    def networks(self, number: int) -> tuple[IpNetwork, ...]:
        """Return the piece's network of each family."""
        return tuple(_NETWORK[f.version]((f.base + (number << f.shift), f.length)) for f in self.families)

    def interfaces(self, number: int) -> tuple[IpInterface, ...]:
        """Return the number's address of each family, with the pool's own prefix length."""
        return tuple(_INTERFACE[f.version]((f.base + (number << f.shift), f.length)) for f in self.families)


_NETWORK: dict[int, type[IpNetwork]] = {4: ipaddress.IPv4Network, 6: ipaddress.IPv6Network}
_INTERFACE: dict[int, type[IpInterface]] = {4: ipaddress.IPv4Interface, 6: ipaddress.IPv6Interface}


def pieces(name: str, prefixes: Iterable[tuple[IpNetwork, int]]) -> Pool:
    """Return a pool of prefixes: each given prefix cut into pieces of the given length.

    Pieces of 24 (64) bits are counted from 1, so that the number shows in the address.
    """
    families = []
    for network, length in prefixes:
        shift = network.max_prefixlen - length
        families.append(
            Family(
                network.version,
                int(network.network_address),
                shift,
                1 << (length - network.prefixlen),
                length,
            )
        )
    round_ones = all(f.length in (24, 64) and f.size > 1 for f in families)
    return Pool(name, families, 1 if round_ones else 0)


def singles(name: str, prefixes: Iterable[IpNetwork], host_length: bool) -> Pool:
    """Return a pool of single addresses, from each prefix's first; with /32 when `host_length`."""
    families = []
    for network in prefixes:
        small = network.num_addresses <= 2  # both are hosts' (RFC 3021, RFC 6164)
        spare = 0 if network.version == 6 or small else 1
        length = network.max_prefixlen if host_length else network.prefixlen
        count = network.num_addresses - spare
        families.append(Family(network.version, int(network.network_address), 0, count, length))
    return Pool(name, families, 1 if all(f.size > 2 for f in families) else 0)


class Allocator:
    """Gives out numbers during one load; starts from what is recorded."""

    def __init__(self, recorded: Allocations, report: Report) -> None:
        """Take the record; it is not changed."""
        self._pools = {pool: dict(names) for pool, names in recorded.pools.items()}
        self._used = {pool: set(names.values()) for pool, names in self._pools.items()}
        self._cursor: dict[str, int] = {}
        self._asked: dict[str, set[str]] = {}
        self._short: set[str] = set()
        self._report = report

    def take(self, pool: str, name: str, first: int, last: int, blocked: Spans = ((), ())) -> int | None:
        """Return the name's number, the recorded one or the lowest free; None when all are taken.

        A recorded number that the file states for something else by now is given up.
        """
        names = self._pools.setdefault(pool, {})
        self._asked.setdefault(pool, set()).add(name)
        number = names.get(name)
        if number is not None and first <= number <= last and _beyond(number, blocked) is None:
            return number
        used = self._used.setdefault(pool, set())
        number = max(first, self._cursor.get(pool, first))
        while number in used or (beyond := _beyond(number, blocked)) is not None:
            number = number + 1 if number in used else cast(int, beyond)
        if number > last:
            self._short.add(pool)
            return None
        names[name] = number
        used.add(number)
        self._cursor[pool] = number
        return number

    def knows(self, pool: str, name: str) -> bool:
        """Tell whether the name has a number of the pool."""
        return name in self._pools.get(pool, ())

    def from_pool(self, pool: Pool, name: str, at: Position) -> int | None:
        """Return the name's number in `pool`; a pool that is used up is reported at `at`, once."""
        is_reported = pool.name in self._short
        number = self.take(pool.name, name, pool.first, pool.last, pool.blocked)
        if number is None and not is_reported:
            size = max(pool.last - pool.first + 1, 0)
            hint = f"say a larger one: `pools: {{{pool.name}: PREFIX}}`"
            self._report.error(at, f"the pool `{pool.name}` is used up: it holds {size}", hint)
        return number

    def without_gone(self) -> Allocations | None:
        """Return the record without names that none asks for, in used-up pools; None if all do."""
        gone = {pool: self._pools[pool].keys() - self._asked[pool] for pool in self._short}
        if not any(gone.values()):
            return None
        pools = {
            pool: {name: number for name, number in names.items() if name not in gone.get(pool, ())}
            for pool, names in self._pools.items()
        }
        return Allocations(pools=pools)

    def recorded(self) -> Allocations:
        """Return the record as it is now, with pools and names sorted."""
        pools = {pool: dict(sorted(names.items())) for pool, names in sorted(self._pools.items()) if names}
        return Allocations(pools=pools)


def _beyond(number: int, blocked: Spans) -> int | None:
    lows, highs = blocked
    index = bisect_right(lows, number) - 1
    return highs[index] + 1 if index >= 0 and number <= highs[index] else None
