"""Model values to JSON and back: addresses are strings outside, `ipaddress` objects inside."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import msgspec

from nlan.secrets import HIDDEN, Secret

T = TypeVar("T")

_ADDRESS_TYPES = {
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Interface,
    ipaddress.IPv6Interface,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
}


class Base(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A frozen model value; what stands at its default is left out of the JSON.

    Class attributes:
        words: Fields that people write, and are shown, by another word: the file's.
    """

    words: ClassVar[Mapping[str, str]] = MappingProxyType({})


if TYPE_CHECKING:
    IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
    IpInterface = ipaddress.IPv4Interface | ipaddress.IPv6Interface
    IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
else:
    # msgspec has no unions of foreign types: one class stands for the two families,
    # and `isinstance` tells the truth about it.

    class _Either(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, cls.kinds)

    class IpAddress(metaclass=_Either):
        kinds = (ipaddress.IPv4Address, ipaddress.IPv6Address)

    class IpInterface(metaclass=_Either):
        kinds = (ipaddress.IPv4Interface, ipaddress.IPv6Interface)

    class IpNetwork(metaclass=_Either):
        kinds = (ipaddress.IPv4Network, ipaddress.IPv6Network)


_PARSERS: dict[Any, Callable[[Any], Any]] = {kind: kind for kind in _ADDRESS_TYPES} | {
    IpAddress: ipaddress.ip_address,
    IpInterface: ipaddress.ip_interface,
    IpNetwork: ipaddress.ip_network,
    Secret: Secret,
}


def _encode(value: Any) -> Any:
    if type(value) in _ADDRESS_TYPES:
        return str(value)
    if type(value) is Secret:
        return value.reveal()
    raise NotImplementedError(f"no JSON for {type(value).__name__}")


def _encode_hidden(value: Any) -> Any:
    return HIDDEN if type(value) is Secret else _encode(value)


def _decode(kind: Any, value: Any) -> Any:
    return _PARSERS[kind](value)


def to_builtins(value: Any) -> Any:
    """Return the value as dicts, lists, strings and numbers: what reading its JSON gives."""
    return msgspec.json.decode(to_json(value))


def to_shown(value: Any) -> Any:
    """Return the same for people: a `Secret` in it is hidden."""
    return msgspec.json.decode(msgspec.json.encode(value, enc_hook=_encode_hidden, order="deterministic"))


def to_json(value: Any) -> bytes:
    """Return the value as compact JSON, to be kept: secrets too; equal values give equal bytes."""
    return msgspec.json.encode(value, enc_hook=_encode, order="deterministic")


def from_json(data: bytes | Any, kind: type[T]) -> T:
    """Return the value of type `kind` that `data` (JSON bytes, or builtins) spells.

    Raises:
        msgspec.ValidationError: The data does not fit; it was not written by this version.
    """
    if isinstance(data, bytes):
        return msgspec.json.decode(data, type=kind, dec_hook=_decode)
    return msgspec.convert(data, type=kind, dec_hook=_decode)
