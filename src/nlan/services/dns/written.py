"""What a node says of DNS, and how that is read."""

from __future__ import annotations

from nlan.schema.resolving.drafts import NodeDraft
from nlan.schema.syntax.report import Report, values
from nlan.schema.written import common
from nlan.schema.written.addresses import Address
from nlan.schema.written.kinds import ListOf, MapOf
from nlan.schema.written.scalars import Text
from nlan.schema.written.sections import Contribution, Key, Section, keys_of
from nlan.services._attached import find_attached
from nlan.services.dns.model import Dns

_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
DOMAIN = Text("a domain such as `home.example`", rf"{_LABEL}(?:\.{_LABEL})*", 253)
ATTACHED = Text("an interface, a network, or a neighbour's name", "[A-Za-z0-9][A-Za-z0-9_.-]*")


class DnsKeys:
    """The keys of DNS."""

    domain = Key(
        "domain", DOMAIN, "The domain of its records, and of the names of DHCP's clients.", default="none"
    )
    upstream = Key(
        "upstream",
        ListOf(Address()),
        "Whom it asks about other names.",
        default="nobody",
        own=False,
    )
    records = Key(
        "records",
        MapOf(DOMAIN, ListOf(Address())),
        "Names that it answers for, each with its addresses.",
        own=False,
    )
    listen = Key("listen", ListOf(ATTACHED), "Interfaces and networks that it answers on.", default="all")


DNS = Section("DNS", "Names that the node answers for.", keys_of(DnsKeys))


class NodeKeys:
    """What a node may say."""

    dns = Key("dns", DNS, "Service: answers questions about names.")


CONTRIBUTION = Contribution(
    {"a node": keys_of(NodeKeys)},
    [DNS],
    titles={Dns: "DNS"},
    fields={(Dns, "listen"): common.IFNAME},
    pages={"DHCP and DNS": "services/dhcp.md"},
)


def resolve(node: NodeDraft, report: Report) -> Dns | None:
    """Return what the node answers, None where nothing is written of that."""
    written = node.written.get(NodeKeys.dns)
    if written is None:
        return None
    found = [find_attached(node, word.value, word.at, report) for word in written.get(DnsKeys.listen, [])]
    return Dns(
        domain=written.get(DnsKeys.domain, ""),
        upstream=tuple(values(written.get(DnsKeys.upstream))),
        records={name.value: tuple(values(own)) for name, own in written.get(DnsKeys.records, [])},
        listen=tuple(one.interface for one in found if one is not None),
    )
