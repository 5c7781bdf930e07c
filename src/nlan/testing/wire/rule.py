"""Requests about rules, and rules as they are listed: those that lead to a table whatever the packet."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator

from nlan.netlink import codec
from nlan.testing.errors import RefusedError
from nlan.testing.state import KERNEL
from nlan.testing.wire.request import Request, expect, fields

_HEADER = struct.Struct("=BBBBBBBBI")
_PRIORITY, _TABLE, _PROTOCOL = 6, 15, 21
_TO_TABLE = 1


def new(request: Request) -> None:
    """Add a rule."""
    request.expect(codec.NLM_F_CREATE | codec.NLM_F_EXCL)
    rule = _parts(request)
    if rule in request.netns.rules:
        raise RefusedError(errno.EEXIST)
    request.netns.rules.add(rule)


def delete(request: Request) -> None:
    """Remove a rule."""
    request.expect(0)
    rule = _parts(request)
    if rule not in request.netns.rules:
        raise RefusedError(errno.ENOENT)
    request.netns.rules.remove(rule)


def _parts(request: Request) -> tuple[int, int, int]:
    family, *zeros, table, _, _, action, flags = _HEADER.unpack_from(request.body)
    expect((zeros, action, flags), ([0, 0, 0], _TO_TABLE, 0), "a rule's header")
    found = fields(request.body, _HEADER.size, {_PRIORITY, _TABLE, _PROTOCOL})
    return family, codec.as_u32(found.get(_PRIORITY)), codec.as_u32(found.get(_TABLE), table)


def listed(request: Request) -> Iterator[bytes]:
    """Yield every rule."""
    expect(bytes(request.body), bytes(_HEADER.size), "what rules are asked for")
    for family, priority, table in sorted(request.netns.rules):
        header = _HEADER.pack(family, 0, 0, 0, table, 0, 0, _TO_TABLE, 0)
        yield header + codec.u32(_PRIORITY, priority) + codec.u8(_PROTOCOL, KERNEL)
