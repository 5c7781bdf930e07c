"""AS numbers of `asn: auto`."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.schema.resolving.segments import Wiring
from nlan.schema.syntax.report import Written
from nlan.schema.written.sections import Record
from nlan.services.router.written import BgpAsKeys, NodeKeys, RouterKeys


class Asns:
    """Numbers for those who have none, off those that the file states."""

    def __init__(self, wiring: Wiring) -> None:
        """Take the lab."""
        settings = wiring.settings
        records = (settings.written, *(node.written for node in wiring.nodes.values()))
        self._allocator = settings.allocator
        self._stated = sorted({asn for record in records for asn in _stated(record)})

    def auto(self, name: str) -> int | None:
        """Return an AS of the node's own: private ones of 16 bits first, then of 32 (RFC 6996)."""
        stated = (self._stated, self._stated)
        if not self._allocator.knows("asns32", name):
            number = self._allocator.take("asns", name, 65001, 65534, stated)
            if number is not None:
                return number
        return self._allocator.take("asns32", name, 4_200_000_000, 4_294_967_294, stated)


def _stated(record: Record) -> Iterator[int]:
    written, router = record.get(NodeKeys.asn), record.get(NodeKeys.router)
    if isinstance(written, int) and written is not False:
        yield written
    for entry in router.get(RouterKeys.bgp, []) if router else []:
        asn = entry.value.get(BgpAsKeys.as_) if isinstance(entry, Written) else entry[0].value
        if asn is not None:
            yield asn
