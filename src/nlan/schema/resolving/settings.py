"""What the whole lab says: MTU, address families, pools."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from nlan.schema.resolving.allocate import Allocator, Pool, pieces, singles
from nlan.schema.resolving.drafts import Positions
from nlan.schema.resolving.engines import Engines
from nlan.schema.syntax.report import Position, Report, Written
from nlan.schema.written.sections import Record

_DEFAULTS = {
    "loopbacks": (("10.0.0.0/16", 32), ("2001:db8::/48", 128)),
    "links": (("10.1.0.0/16", 30), ("2001:db8:1::/48", 64)),
    "networks": (("10.200.0.0/16", 24), ("2001:db8:2::/48", 64)),
    "lans": (("172.21.0.0/16", 24), ("2001:db8:3::/48", 64)),
}


class Settings:
    """The lab's own settings, the positions of its parts, and the pools."""

    def __init__(
        self,
        written: Record,
        report: Report,
        allocator: Allocator,
        engines: Engines,
        misnamed: Collection[str] = (),
    ) -> None:
        """Take what the lab says, where problems and allocations go, and nodes left out for their names."""
        self.engines, self.misnamed = engines, misnamed
        self.written, self.report, self.allocator = written, report, allocator
        self.positions = Positions()
        self.mtu: int = written.get("mtu", 1500)
        self.versions = [
            v for v, key, default in ((4, "ipv4", True), (6, "ipv6", False)) if written.get(key, default)
        ]
        if not self.versions:
            report.error(written.position("ipv4"), "a lab without IPv4 and IPv6 has no addresses")
            self.versions = [4]
        self._asns: list[int] = []
        self.pools = {name: self._pool(name) for name in _DEFAULTS}

    def _pool(self, name: str) -> Pool:
        pools: Record | None = self.written.get("pools")
        written = pools.get(name) if pools else None
        if isinstance(written, Record):
            self._families(written)
        lengths = {4: _DEFAULTS[name][0][1], 6: _DEFAULTS[name][1][1]}
        prefixes = {4: _DEFAULTS[name][0][0], 6: _DEFAULTS[name][1][0]}
        networks = {version: ipaddress.ip_network(prefixes[version]) for version in self.versions}
        if isinstance(written, Record):
            lengths |= {v: written.get(f"ipv{v}_length") for v in (4, 6) if f"ipv{v}_length" in written}
            written = [
                Written(written.get(f"ipv{v}"), written.position(f"ipv{v}"))
                for v in (4, 6)
                if f"ipv{v}" in written
            ]
        found: dict[int, Any] = {}
        for item in written or ():
            if found.setdefault(item.value.version, item.value) is not item.value:
                message = f"a pool has one IPv{item.value.version} prefix; {item.value} is another"
                self.report.error(item.at, message)
        networks |= {version: network for version, network in found.items() if version in self.versions}
        if name == "loopbacks":
            return singles(name, networks.values(), host_length=True)
        return pieces(
            name, [(network, self._length(name, network, lengths)) for network in networks.values()]
        )

    def _families(self, written: Record) -> None:
        for version in (4, 6):
            prefix = written.get(f"ipv{version}")
            if prefix is not None and prefix.version != version:
                self.report.error(
                    written.position(f"ipv{version}"), f"{prefix} is not an IPv{version} prefix"
                )

    def _length(self, name: str, network: Any, lengths: dict[int, int]) -> int:
        length, pools = lengths[network.version], self.written.get("pools")
        if length >= network.prefixlen:
            return length
        written = pools.get(name) if pools else None
        key = f"ipv{network.version}_length"
        if isinstance(written, Record) and key in written:
            self.report.error(
                written.position(key), f"pieces of /{length} are larger than the pool {network}"
            )
        return int(network.prefixlen)

    def block(self, records: Iterable[Record]) -> None:
        """Keep every pool off the addresses and AS numbers that the records state.

        A pool that the file does not state keeps off those that it does.
        """
        records = list(records)
        seen: set[int] = set()
        stated = [network for record in records for network in _stated(record, seen)]
        pools = self.written.get("pools", Record(Position()))
        others = [network for written in pools.values.values() for network in _stated(written, seen)]
        for name, pool in self.pools.items():
            pool.block(stated if name in pools else [*stated, *others])
        self._asns = sorted({asn for record in records for asn in _stated_asns(record)})

    def auto_asn(self, name: str) -> int | None:
        """Return an AS of the node's own: private ones of 16 bits first, then of 32 (RFC 6996)."""
        stated = (self._asns, self._asns)
        if not self.allocator.knows("asns32", name):
            number = self.allocator.take("asns", name, 65001, 65534, stated)
            if number is not None:
                return number
        return self.allocator.take("asns32", name, 4_200_000_000, 4_294_967_294, stated)


def _stated_asns(record: Record) -> Iterator[int]:
    written, router = record.get("asn"), record.get("router")
    if isinstance(written, int) and written is not False:
        yield written
    for entry in router.get("bgp", []) if router else []:
        asn = entry.value.get("as") if isinstance(entry, Written) else entry[0].value
        if asn is not None:
            yield asn


_NO_ADDRESS = frozenset(("pools", "routes", "bgp", "ospf", "gateway", "underlay", "links"))


def _stated(value: Any, seen: set[int]) -> Iterator[Any]:
    if isinstance(value, Record):
        if id(value) in seen:
            return
        seen.add(id(value))
        for name, inner in value.values.items():
            if name not in _NO_ADDRESS or (name == "links" and isinstance(inner, list)):
                yield from _stated(inner, seen)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _stated(inner, seen)
    elif isinstance(value, ipaddress.IPv4Interface | ipaddress.IPv6Interface):
        yield value.network
    elif isinstance(value, ipaddress.IPv4Network | ipaddress.IPv6Network):
        yield value
