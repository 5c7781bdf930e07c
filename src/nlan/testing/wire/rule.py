"""Requests about rules, and rules as they are listed: those that lead to a table whatever the packet."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from nlan.netlink import codec, wire
from nlan.testing.errors import RefusedError
from nlan.testing.kernel.state import KERNEL
from nlan.testing.wire.request import Request, expect, fields


def new(request: Request) -> None:
    """Add a rule."""
    request.expect(wire.NLM_F_CREATE | wire.NLM_F_EXCL)
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
    family, *zeros, table, _, _, action, flags = wire.FIB_RULE_HDR.unpack_from(request.body)
    expect((zeros, action, flags), ([0, 0, 0], wire.FR_ACT_TO_TBL, 0), "a rule's header")
    found = fields(
        request.body, wire.FIB_RULE_HDR.size, {wire.FRA_PRIORITY, wire.FRA_TABLE, wire.FRA_PROTOCOL}
    )
    return family, codec.as_u32(found.get(wire.FRA_PRIORITY)), codec.as_u32(found.get(wire.FRA_TABLE), table)


def listed(request: Request) -> Iterator[bytes]:
    """Yield every rule."""
    expect(bytes(request.body), bytes(wire.FIB_RULE_HDR.size), "what rules are asked for")
    for family, priority, table in sorted(request.netns.rules):
        header = wire.FIB_RULE_HDR.pack(family, 0, 0, 0, table, 0, 0, wire.FR_ACT_TO_TBL, 0)
        yield header + codec.u32(wire.FRA_PRIORITY, priority) + codec.u8(wire.FRA_PROTOCOL, KERNEL)
