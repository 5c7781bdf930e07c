"""What a node says of DHCP."""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from typing import ClassVar

from nlan.schema.syntax.report import Written, nearest
from nlan.schema.written import common
from nlan.schema.written.addresses import Ipv4
from nlan.schema.written.kinds import Json, Kind, ListOf, MapOf, ScalarKind, Shapes, or_placeholder
from nlan.schema.written.numbers import Integer, decimal_digits
from nlan.schema.written.scalars import Line, Text
from nlan.schema.written.sections import Contribution, Key, Record, Section, keys_of
from nlan.services.dhcp.model import Dhcp, Pool

OPTIONS = frozenset(
    (
        *("netmask", "time-offset", "router", "dns-server", "log-server", "lpr-server", "boot-file-size"),
        *("domain-name", "swap-server", "root-path", "extension-path", "ip-forward-enable"),
        *("non-local-source-routing", "policy-filter", "max-datagram-reassembly", "default-ttl", "mtu"),
        *("all-subnets-local", "router-discovery", "router-solicitation", "static-route"),
        *("trailer-encapsulation", "arp-timeout", "ethernet-encap", "tcp-ttl", "tcp-keepalive"),
        *("nis-domain", "nis-server", "ntp-server", "netbios-ns", "netbios-dd", "netbios-nodetype"),
        *("netbios-scope", "x-windows-fs", "x-windows-dm", "T1", "T2", "vendor-class", "nis+-domain"),
        *("nis+-server", "tftp-server", "bootfile-name", "mobile-ip-home", "smtp-server", "pop3-server"),
        *("nntp-server", "irc-server", "user-class", "posix-timezone", "tzdb-timezone", "ipv6-only"),
        *("domain-search", "sip-server", "classless-static-route", "vendor-id-encap"),
        *("tftp-server-address", "server-ip-address"),
    )
)
"""The options of RFC 2132 and its successors, as dnsmasq calls them."""
MAC = "[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}"


class Range(ScalarKind[tuple[IPv4Address, IPv4Address]]):
    """The first and the last address of a range."""

    wanted = "a range such as `192.0.2.100-192.0.2.199`"
    explains = True

    def parse(self, text: str, plain: bool) -> tuple[IPv4Address, IPv4Address]:
        """Return both ends."""
        try:
            first, last = (IPv4Address(part.strip()) for part in text.split("-"))
        except ValueError:
            raise ValueError(f"`{text}` is not {self.wanted}") from None
        if last < first:
            raise ValueError(f"`{text}` ends before it begins", f"write `{last}-{first}`")
        return first, last

    def schema(self) -> Json:
        """A string."""
        return {"type": "string", "pattern": or_placeholder(r"[0-9.]+\s*-\s*[0-9.]+")}


class Lease(ScalarKind[int]):
    """A time with its unit, `s`, `m`, `h` or `d`. Reads to seconds."""

    wanted = "a time such as `12h`"
    explains = True
    LEAST, MOST = 120, 2**31
    _units: ClassVar[dict[str, int]] = {"s": 1, "m": 60, "h": 3600, "d": 86400}

    def parse(self, text: str, plain: bool) -> int:
        """Return the seconds."""
        match = re.fullmatch(r"([0-9]{1,9})\s*([smhd])", text.lower())
        if match is None:
            raise ValueError(f"`{text}` is not {self.wanted}", "the units are `s`, `m`, `h` and `d`")
        value = int(decimal_digits(match[1])) * self._units[match[2]]
        if not self.LEAST <= value < self.MOST:
            raise ValueError(f"`{text}` is not {self.wanted}: the shortest lease is `2m`")
        return value

    def schema(self) -> Json:
        """A string with its unit."""
        return {"type": "string", "pattern": or_placeholder(r"[0-9]+\s*[smhdSMHD]")}


class Option(Text):
    """A DHCP option, by name or number."""

    explains = True

    def __init__(self) -> None:
        """Name it."""
        super().__init__("a DHCP option such as `ntp-server`, or its number")

    def parse(self, text: str, plain: bool) -> str:
        """Return the option's name or number."""
        if text in OPTIONS or (text.isdecimal() and 0 < int(text) < 255):
            return text
        raise ValueError(f"`{text}` is not {self.wanted}", nearest(text, sorted(OPTIONS)))


ADDRESS = Ipv4("an IPv4 address such as `192.0.2.10`")
CLIENT = Text("a client's name or MAC address", rf"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?|{MAC}", 63)
VALUE = Line("an option's value", 1000)
ATTACHED = Text("an interface, a network, or a neighbour's name", "[A-Za-z0-9][A-Za-z0-9_.-]*")


class PoolKeys:
    """The keys of a pool."""

    range = Key(
        "range",
        Range(),
        "The addresses that are leased.",
        default="the upper half of the prefix",
        own=False,
    )
    lease = Key("lease", Lease(), "How long a lease lasts.", default="`1h`")
    hosts = Key(
        "hosts",
        MapOf(CLIENT, ADDRESS),
        "Addresses that are kept for a client: a node of the lab, or any by its name or MAC address.",
        own=False,
    )
    options = Key(
        "options",
        MapOf(Option(), VALUE),
        "What clients are told besides, such as `{ntp-server: 192.0.2.1}`.",
        default="the node as router, and as DNS server where it is one",
    )


POOL = Section("a DHCP pool", "What is leased on one interface.", keys_of(PoolKeys))
Pools = list[Written[str]] | list[tuple[Written[str], Record]]
_POOLS: Kind[Pools] = Shapes(
    "interfaces or networks, or a mapping of them to what is leased there",
    scalar=ListOf(ATTACHED),
    seq=ListOf(ATTACHED),
    map=MapOf(ATTACHED, POOL),
)


class NodeKeys:
    """What a node may say."""

    dhcp = Key("dhcp", _POOLS, "Service: leases addresses there, such as `[lan]` or `{lan: {lease: 12h}}`.")


CONTRIBUTION = Contribution(
    {"a node": keys_of(NodeKeys)},
    [POOL],
    titles={Dhcp: "DHCP", Pool: "a DHCP pool"},
    fields={
        (Pool, "interface"): common.IFNAME,
        (Pool, "lease_s"): Integer(Lease.LEAST, Lease.MOST - 1, "number of seconds"),
        (Pool, "options"): VALUE,
        (Pool, "hosts"): ADDRESS,
        (Dhcp, "clients"): common.IFNAME,
    },
    pages={"DHCP and DNS": "services/dhcp.md"},
)
