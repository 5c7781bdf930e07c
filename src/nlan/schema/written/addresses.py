"""The kinds of values that are an address, with or without its prefix, or a prefix."""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address

from nlan.model.codec import IpAddress, IpInterface, IpNetwork
from nlan.schema.written.kinds import Json, ScalarKind, or_placeholder
from nlan.schema.written.numbers import decimal_digits


class Address(ScalarKind[IpAddress]):
    """An IPv4 or IPv6 address, without a prefix length."""

    wanted = "an address such as `192.0.2.1`"

    def parse(self, text: str, plain: bool) -> IpAddress:
        """Return the address."""
        try:
            return ipaddress.ip_address(_unscoped(text))
        except ValueError:
            hint = ", without a prefix length" if "/" in text else ""
            raise ValueError(f"`{text}` is not {self.wanted}{hint}") from None

    def schema(self) -> Json:
        """A string."""
        pattern = or_placeholder(_ADDRESS)
        return {"type": "string", "pattern": pattern, "examples": ["192.0.2.1", "${pe1}"]}


_ADDRESS = "[0-9A-Fa-f:.]+"


def _unscoped(text: str) -> str:
    """Return the text; a zone (``fe80::1%eth1``) makes it no address of a file, which names interfaces."""
    if "%" in text:
        raise ValueError
    return text


class Ipv4(ScalarKind[IPv4Address]):
    """Four numbers with dots: a router ID, or an OSPF area that may also be a plain number."""

    explains = True

    def __init__(self, wanted: str, decimal: bool = False) -> None:
        """Take its name in messages, and whether a plain number means the same."""
        self.wanted, self._decimal = wanted, decimal

    def parse(self, text: str, plain: bool) -> IPv4Address:
        """Return the IPv4 address."""
        try:
            if not (self._decimal and text.isascii() and text.isdecimal()):
                return IPv4Address(text)
            number = int(decimal_digits(text))
            if number < 2**32:
                return IPv4Address(number)
        except ipaddress.AddressValueError:
            pass
        raise ValueError(f"`{text}` is not {self.wanted}")

    def schema(self) -> Json:
        """A string, or a number."""
        text = {"type": "string", "pattern": or_placeholder("[0-9.]+")}
        return (
            {"anyOf": [text, {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}]}
            if self._decimal
            else text
        )


class RouterId(Ipv4):
    """An IPv4 address by form, other than zero (RFC 2328, RFC 6286)."""

    def __init__(self) -> None:
        """Name it."""
        super().__init__("a router ID such as `192.0.2.1`")

    def parse(self, text: str, plain: bool) -> IPv4Address:
        """Return the router ID."""
        value = super().parse(text, plain)
        if int(value) == 0:
            raise ValueError(f"`{text}` is not {self.wanted}: zero is none")
        return value


class Interface(ScalarKind[IpInterface]):
    """An interface's address with its prefix length."""

    explains = True

    def __init__(
        self, wanted: str = "an address with its prefix length such as `192.0.2.1/24`", bare: bool = False
    ):
        """Take its name in messages, and whether an address alone means the longest prefix."""
        self.wanted, self._bare = wanted, bare

    def parse(self, text: str, plain: bool) -> IpInterface:
        """Return the address with its prefix length; one that cannot be a host's is refused."""
        try:
            value = ipaddress.ip_interface(_unscoped(text))
        except ValueError:
            raise ValueError(f"`{text}` is not {self.wanted}{self._why(text)}") from None
        if "/" not in text and not self._bare:
            raise ValueError(f"`{text}` has no prefix length; expected {self.wanted}")
        return _hostly(value, text)

    @staticmethod
    def _why(text: str) -> str:
        try:
            ipaddress.ip_address(_unscoped(text).partition("/")[0])
        except ValueError:
            return ""
        return "; the prefix length is wrong"

    def schema(self) -> Json:
        """A string."""
        pattern = or_placeholder(f"{_ADDRESS}(/[0-9.]+){'?' * self._bare}")
        return {"type": "string", "pattern": pattern, "examples": ["192.0.2.1/24", "2001:db8::1/64"]}


def _hostly(value: IpInterface, text: str) -> IpInterface:
    network = value.network
    for what in ("multicast", "loopback", "unspecified"):
        if getattr(value.ip, f"is_{what}"):
            raise ValueError(f"`{text}` is {'an' if what[0] == 'u' else 'a'} {what} address")
    if value.version == 4 and int(value.ip) == 2**32 - 1:
        raise ValueError(f"`{text}` is the limited broadcast address")
    if network.prefixlen >= network.max_prefixlen - 1:
        return value
    if value.ip == network.network_address:
        raise ValueError(f"`{text}` is the prefix itself, not an address in it")
    if value.version == 4 and value.ip == network.broadcast_address:
        raise ValueError(f"`{text}` is the broadcast address of its prefix, not a host's")
    return value


class Prefix(ScalarKind[IpNetwork]):
    """A prefix; host bits are cleared when `loose`, refused otherwise."""

    wanted = "a prefix such as `192.0.2.0/24`"

    def __init__(self, loose: bool = False) -> None:
        """Tell whether host bits may be set, as in OSPF networks of the full form."""
        self._loose = loose

    def parse(self, text: str, plain: bool) -> IpNetwork:
        """Return the network."""
        if "/" not in text:
            raise ValueError(f"`{text}` has no prefix length; expected {self.wanted}")
        try:
            loose = ipaddress.ip_network(_unscoped(text), strict=False)
        except ValueError:
            raise ValueError(f"`{text}` is not {self.wanted}") from None
        if not self._loose and str(loose.network_address) != text.split("/")[0].lower():
            exact = ipaddress.ip_interface(text)
            if exact.ip != loose.network_address:
                raise ValueError(f"`{text}` has host bits set; the prefix is `{loose}`")
        return loose

    def schema(self) -> Json:
        """A string."""
        pattern = or_placeholder(f"{_ADDRESS}/[0-9.]+")
        return {"type": "string", "pattern": pattern, "examples": ["192.0.2.0/24", "2001:db8::/48"]}


class SegmentPrefix(Prefix):
    """A prefix that interfaces have addresses of."""

    def parse(self, text: str, plain: bool) -> IpNetwork:
        """Return the network; one of multicast or loopback addresses, or of all, is refused."""
        network = super().parse(text, plain)
        if network.prefixlen == 0:
            raise ValueError(f"`{text}` is every address there is, not a segment's prefix")
        for what in ("multicast", "loopback"):
            if getattr(network, f"is_{what}"):
                raise ValueError(f"`{text}` holds {what} addresses, which no interface has")
        return network
