"""Bytes as the kernel's own headers lay them out (little-endian machines; netlink is in host order)."""

from __future__ import annotations

import contextlib
import errno
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlan.netlink import codec, wire
from nlan.netlink.codec import Message, Refusal

little = pytest.mark.skipif(sys.byteorder != "little", reason="known bytes are little-endian")


@little
def test_message_octets() -> None:
    packed = Message(16, wire.NLM_F_CREATE | wire.NLM_F_EXCL, b"\x01\x02\x03").pack(7, wire.NLM_F_ACK)
    assert packed.hex(" ") == "13 00 00 00 10 00 05 06 07 00 00 00 00 00 00 00 01 02 03 00"


@little
def test_attribute_octets() -> None:
    assert codec.u32(4, 1500).hex(" ") == "08 00 04 00 dc 05 00 00"
    assert codec.u8(7, 1).hex(" ") == "05 00 07 00 01 00 00 00"
    assert codec.u16be(15, 4789).hex(" ") == "06 00 0f 00 12 b5 00 00"
    assert codec.text(3, "eth0").hex(" ") == "09 00 03 00 65 74 68 30 00 00 00 00"
    assert codec.nest(18, codec.text(1, "veth")).hex(" ") == (
        "10 00 12 80 09 00 01 00 76 65 74 68 00 00 00 00"
    )


def test_attributes_come_back() -> None:
    data = memoryview(codec.text(3, "eth0") + codec.u32(4, 9000) + codec.nest(18, codec.text(1, "vxlan")))
    found = codec.attributes(data)
    assert codec.as_text(found[3]) == "eth0"
    assert codec.as_u32(found[4]) == 9000
    assert codec.as_text(codec.attributes(found[18])[1]) == "vxlan"
    assert codec.as_u32(found.get(99), 5) == 5
    assert codec.as_text(found.get(99)) == ""


@given(st.lists(st.tuples(st.integers(1, 0x3FFF), st.binary(max_size=40)), unique_by=lambda pair: pair[0]))
def test_any_attributes_come_back(pairs: list[tuple[int, bytes]]) -> None:
    data = memoryview(b"".join(codec.attribute(kind, value) for kind, value in pairs))
    assert {kind: bytes(value) for kind, value in codec.attributes(data).items()} == dict(pairs)


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40))))
def test_any_messages_come_back(pairs: list[tuple[int, bytes]]) -> None:
    data = memoryview(b"".join(Message(kind, 0, body).pack(i) for i, (kind, body) in enumerate(pairs)))
    found = [(kind, number, bytes(body)) for kind, _, number, body in codec.messages(data)]
    assert found == [(kind, i, body) for i, (kind, body) in enumerate(pairs)]


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_read_but_never_loops(data: bytes) -> None:
    for read in (lambda: list(codec.messages(memoryview(data))), lambda: codec.attributes(memoryview(data))):
        with contextlib.suppress(ValueError):  # the only refusal there is
            read()


def test_acknowledgement_is_no_refusal() -> None:
    assert codec.refusal(wire.NLM_F_CAPPED, memoryview(struct.pack("=i", 0) + bytes(16))) is None


@pytest.mark.parametrize("capped", [True, False])
def test_refusal_carries_the_kernels_words(capped: bool) -> None:
    request = Message(16, 0, b"abc")
    echo = request.pack(1)[:16] if capped else request.pack(1)
    body = struct.pack("=i", -errno.EEXIST) + echo + codec.text(1, "device is busy")
    flags = wire.NLM_F_ACK_TLVS | (wire.NLM_F_CAPPED if capped else 0)
    assert codec.refusal(flags, memoryview(body)) == Refusal(errno.EEXIST, "device is busy")
