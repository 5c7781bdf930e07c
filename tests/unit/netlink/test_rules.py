"""Which rules are the kernel's own: equal in all that decides whom they hold for."""

from __future__ import annotations

import pytest

from nlan.netlink import codec, wire
from nlan.netlink.tables.rules import own_rule

MAIN, EVERYBODY = 254, 0xFFFFFFFF
SUPPRESS_PREFIX_LENGTH, UID_RANGE, IP_PROTOCOL = 14, 20, 22


def rule(*parts: bytes, suppressed: int = EVERYBODY) -> bytes:
    """Return rule 32766 of IPv4 as Linux lists it."""
    header = wire.FIB_RULE_HDR.pack(2, 0, 0, 0, MAIN, 0, 0, 1, 0)
    usual = (
        codec.u32(wire.FRA_TABLE, MAIN),
        codec.u32(SUPPRESS_PREFIX_LENGTH, suppressed),
        codec.u8(wire.FRA_PROTOCOL, 2),
        codec.u32(wire.FRA_PRIORITY, 32766),
    )
    return header + b"".join((*usual, *parts))


def test_the_kernels_rule() -> None:
    assert str(own_rule(rule())) == "ip rule 32766 lookup main"


@pytest.mark.parametrize(
    "body",
    [
        rule(suppressed=0),
        rule(codec.u8(IP_PROTOCOL, 6)),
        rule(codec.attribute(UID_RANGE, bytes(8))),
        rule(codec.u32(wire.FRA_FWMARK, 1)),
    ],
    ids=["prefixes suppressed", "a protocol's", "users'", "a mark's"],
)
def test_a_rule_in_its_place_that_holds_for_less_is_not_the_kernels(body: bytes) -> None:
    assert own_rule(body) is None
