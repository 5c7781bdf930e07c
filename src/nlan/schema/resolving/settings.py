"""What the whole lab says: MTU, address families, pools."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network
from pathlib import Path
from typing import Literal

from nlan.model.codec import IpNetwork
from nlan.schema.resolving.allocate import Allocator, Pool, pieces, singles
from nlan.schema.resolving.drafts import Positions
from nlan.schema.syntax.report import Position, Report, Written
from nlan.schema.written.pools import PoolKeys, PoolsKeys, Prefixes
from nlan.schema.written.sections import Key, Record
from nlan.schema.written.table import LabKeys, ShortKeys

Version = Literal[4, 6]
_DEFAULTS: dict[Key[Prefixes], dict[Version, tuple[str, int]]] = {
    PoolsKeys.loopbacks: {4: ("10.0.0.0/16", 32), 6: ("2001:db8::/48", 128)},
    PoolsKeys.links: {4: ("10.1.0.0/16", 30), 6: ("2001:db8:1::/48", 64)},
    PoolsKeys.networks: {4: ("10.200.0.0/16", 24), 6: ("2001:db8:2::/48", 64)},
    PoolsKeys.lans: {4: ("172.21.0.0/16", 24), 6: ("2001:db8:3::/48", 64)},
}
"""Each pool's prefixes, and the length of a piece, where the file says nothing."""
_PREFIX: dict[Version, Key[IpNetwork]] = {4: PoolKeys.ipv4, 6: PoolKeys.ipv6}
_LENGTH: dict[Version, Key[int]] = {4: PoolKeys.ipv4_length, 6: PoolKeys.ipv6_length}


class Settings:
    """The lab's own settings, the positions of its parts, and the pools."""

    def __init__(
        self,
        written: Record,
        report: Report,
        allocator: Allocator,
        path: Path,
        misnamed: Collection[str] = (),
    ) -> None:
        """Take what the lab says, where problems and allocations go, and nodes left out for their names.

        Files that the lab names are relative to the folder of its own, which is at `path`.
        """
        self.path, self.misnamed = path, misnamed
        self.written, self.report, self.allocator = written, report, allocator
        self.positions = Positions()
        self.mtu = written.get(LabKeys.mtu, 1500)
        self.versions: list[Version] = []
        if written.get(ShortKeys.ipv4, True):
            self.versions.append(4)
        if written.get(ShortKeys.ipv6, False):
            self.versions.append(6)
        if not self.versions:
            report.error(written.position(ShortKeys.ipv4), "a lab without IPv4 and IPv6 has no addresses")
            self.versions = [4]
        self.pools = {key.name: self._pool(key, by_version) for key, by_version in _DEFAULTS.items()}

    def _pool(self, key: Key[Prefixes], by_version: dict[Version, tuple[str, int]]) -> Pool:
        pools = self.written.get(LabKeys.pools)
        written = pools.get(key) if pools else None
        lengths = {version: length for version, (_, length) in by_version.items()}
        if isinstance(written, Record):
            lengths |= self._lengths(written)
        found: dict[int, IpNetwork] = {}
        for item in self._prefixes(written):
            if found.setdefault(item.value.version, item.value) is not item.value:
                message = f"a pool has one IPv{item.value.version} prefix; {item.value} is another"
                self.report.error(item.at, message)
        networks = [
            found.get(version) or ipaddress.ip_network(by_version[version][0]) for version in self.versions
        ]
        if key is PoolsKeys.loopbacks:
            return singles(key.name, networks, host_length=True)
        return pieces(key.name, [(network, self._length(written, network, lengths)) for network in networks])

    def _lengths(self, written: Record) -> dict[Version, int]:
        found = ((version, written.get(key)) for version, key in _LENGTH.items())
        return {version: length for version, length in found if length is not None}

    def _prefixes(self, written: Prefixes | None) -> Iterator[Written[IpNetwork]]:
        """Yield the prefixes of a pool; of a mapping those that are of the family they are said to be."""
        if not isinstance(written, Record):
            yield from written or ()
            return
        for version, key in _PREFIX.items():
            prefix = written.get(key)
            if prefix is None:
                continue
            if prefix.version != version:
                self.report.error(written.position(key), f"{prefix} is not an IPv{version} prefix")
            yield Written(prefix, written.position(key))

    def _length(self, written: Prefixes | None, network: IpNetwork, lengths: dict[Version, int]) -> int:
        length = lengths[network.version]
        if length >= network.prefixlen:
            return length
        key = _LENGTH[network.version]
        if isinstance(written, Record) and key in written:
            message = f"pieces of /{length} are larger than the pool {network}"
            self.report.error(written.position(key), message)
        return network.prefixlen

    def block(self, records: Iterable[Record]) -> None:
        """Keep every pool off the addresses that the records state.

        A pool that the file does not state keeps off those that it does.
        """
        records = list(records)
        seen: set[int] = set()
        stated = [network for record in records for network in _stated(record, seen)]
        pools = self.written.get(LabKeys.pools) or Record(Position())
        others = [network for pool in pools.values.values() for network in _stated(pool, seen)]
        for name, pool in self.pools.items():
            pool.block(stated if name in pools.values else [*stated, *others])


def _stated(value: object, seen: set[int]) -> Iterator[IpNetwork]:
    if isinstance(value, Record):
        if id(value) in seen:
            return
        seen.add(id(value))
        for name, inner in value.values.items():
            if name not in value.foreign:
                yield from _stated(inner, seen)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _stated(inner, seen)
    elif isinstance(value, IPv4Interface | IPv6Interface):
        yield value.network
    elif isinstance(value, IPv4Network | IPv6Network):
        yield value
