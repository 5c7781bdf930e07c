"""Messages to the kernel in words."""

from __future__ import annotations

from nlan.netlink.codec import Message
from nlan.netlink.trace import lines
from nlan.netlink.wire import NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL


def test_every_message_of_a_batch_is_a_line() -> None:
    made = Message(16, NLM_F_CREATE | NLM_F_EXCL, b"\x01\x02\x03\x04\x05").pack(1)
    asked = Message(18, 0x300, b"").pack(2, NLM_F_ACK)
    assert list(lines("pe1", made + asked)) == [
        "pe1: RTM_NEWLINK REQUEST|EXCL|CREATE 01 02030405",
        "pe1: RTM_GETLINK REQUEST|ACK|DUMP ",
    ]


def test_a_torn_message_ends_the_lines() -> None:
    assert list(lines("pe1", b"\x04\x00\x00\x00" + bytes(12))) == []
