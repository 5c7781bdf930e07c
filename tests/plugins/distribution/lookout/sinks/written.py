"""What a file says of sinks, and how that is read."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lookout.sinks.model import Sink, Sinks
from nlan.schema.resolving.drafts import NodeDraft
from nlan.schema.resolving.segments import Member, Wiring
from nlan.schema.syntax.report import Report, Written, values
from nlan.schema.written import common
from nlan.schema.written.addresses import Prefix
from nlan.schema.written.kinds import ListOf, MapOf
from nlan.schema.written.sections import Contribution, Key, Record, Section, keys_of

LEAST_IPV6 = 1280


class SinkKeys:
    mtu = Key("mtu", common.MTU, "Its MTU in bytes.", default="1500")
    address = Key("address", common.ADDRESSES, "The node's addresses on it.", default="none")
    swallows = Key("swallows", ListOf(Prefix()), "Prefixes whose packets end in it.", default="none")


SINK = Section("a sink", "An interface that swallows what is sent to it.", keys_of(SinkKeys))
SINKS = Key("sinks", MapOf(common.IFNAME, SINK), "Sinks by the name of their interface.")
CONTRIBUTION = Contribution(
    {"a node": [SINKS]},
    [SINK],
    titles={Sinks: "sinks", Sink: "a sink"},
    fields={(Sink, "name"): common.IFNAME, (Sink, "mtu"): common.MTU},
    pages={"Sinks: where packets end": "https://lookout.example/sinks"},
    types={"a link": {"cut": "two sinks, which hear nothing of each other"}},
)


def resolve(node: NodeDraft, report: Report) -> Sinks | None:
    """Return the sinks of a node, None where its file says nothing of any."""
    named = [_sink(name, record, report) for name, record in node.written.get(SINKS, [])]
    sinks = (*named, *node.of(Ends).sinks)
    return Sinks(sinks=sinks) if sinks else None


class Ends(msgspec.Struct):
    """The ends of cut links that a node has."""

    sinks: list[Sink] = []


class Cut:
    """Makes links whose ends are sinks; see `nlan.schema.resolving.segments.Maker`."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    def link(self, name: Written[str], record: Record, members: Sequence[Member]) -> None:
        segment = self._wiring.segment(name.value, "cut", record, name.at)
        ends = self._wiring.join(segment, members, "links")
        for member, end in zip(members, ends, strict=True):
            sink = Sink(name=end.interface, mtu=segment.mtu, wired=name.value)
            member.node.of(Ends).sinks.append(sink)

    def network(self, name: Written[str], record: Record, members: Sequence[Member]) -> None:
        raise NotImplementedError  # no network has the type


def _sink(name: Written[str], record: Record, report: Report) -> Sink:
    addresses, mtu = values(record.get(SinkKeys.address)), record.get(SinkKeys.mtu, 1500)
    if mtu < LEAST_IPV6 and any(address.version == 6 for address in addresses):
        message = f"IPv6 needs an MTU of {LEAST_IPV6} at least (RFC 8200), and `{name.value}` has {mtu}"
        report.error(record.position(SinkKeys.mtu), message)
    sink = Sink(name=name.value, mtu=mtu, addresses=addresses, swallows=values(record.get(SinkKeys.swallows)))
    for item in record.get(SinkKeys.swallows, []):
        if sink.hop(item.value.version) is None:
            report.error(item.at, f"`{name.value}` has no IPv{item.value.version} address to lead there by")
    return sink
