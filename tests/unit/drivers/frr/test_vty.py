"""The answers of a daemon, however the octets arrive; what a refusal is."""

from __future__ import annotations

from nlan.drivers.frr.load import shortened
from nlan.drivers.frr.vty import Answer, parse_answers


def test_answers_are_parted_wherever_the_octets_are_cut() -> None:
    octets = b"\0\0\0\0hello\n\0\0\0\x02\0\0\0\x01"
    whole = [Answer(0, ""), Answer(2, "hello\n"), Answer(1, "")]
    for cut in range(len(octets)):
        first, rest = parse_answers(octets[:cut])
        second, rest = parse_answers(rest + octets[cut:])
        assert (first + second, rest) == (whole, b"")


def test_a_warning_is_no_refusal_and_words_of_refusal_are_one() -> None:
    assert not Answer(1, "").failed
    assert not Answer(6, "").failed
    assert Answer(13, "").failed
    assert Answer(0, "% There is already same network statement.\n").failed
    assert Answer(2, "% [BGP] Unknown command: x\n").words == "[BGP] Unknown command: x"


def test_a_removal_is_tried_with_fewer_words() -> None:
    assert list(shortened("no neighbor 192.0.2.1 password x")) == [
        "no neighbor 192.0.2.1 password x",
        "no neighbor 192.0.2.1 password",
        "no neighbor 192.0.2.1",
        "no neighbor",
    ]
