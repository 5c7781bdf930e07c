"""A request, and how its parts are read."""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from nlan.netlink import codec
from nlan.netlink.tables.settings import Setting
from nlan.testing.errors import RefusedError, UnexpectedError
from nlan.testing.kernel.state import Link, Netns

Fields = dict[int, memoryview]


class Request(NamedTuple):
    """One message.

    Attributes:
        netns: The namespace that it was sent to.
        flags: Without those that every request has.
        body: What follows the header.
        netns_of: Returns the namespace that a descriptor stands for.
        links: Kinds of links that were taught, with what each has by its kind.
    """

    netns: Netns
    flags: int
    body: memoryview
    netns_of: Callable[[int], Netns]
    links: Mapping[str, Sequence[Setting]] = MappingProxyType({})

    def expect(self, *flags: int) -> None:
        """Complain where the flags are none of these."""
        if self.flags not in flags:
            raise UnexpectedError(f"a request with flags {self.flags:#x}")


def fields(data: memoryview, offset: int, known: Collection[int]) -> Fields:
    """Return the attributes from `offset` on; one that is not among the known ones is an error."""
    found = codec.attributes(data, offset)
    if unknown := sorted(set(found).difference(known)):
        raise UnexpectedError(f"attributes {unknown} are new to the fake kernel")
    return found


def expect(value: object, wanted: object, what: str) -> None:
    """Complain where a part of a request is not as nlan always sends it."""
    if value != wanted:
        raise UnexpectedError(f"{what} is {value!r}, and the fake kernel only knows {wanted!r}")


def link_of(netns: Netns, number: int) -> Link:
    """Return the link with that index."""
    for link in netns.links.values():
        if link.number == number:
            return link
    raise RefusedError(errno.ENODEV)
