"""What a value may be: what the kernel and the daemons take, and nothing else."""

from pathlib import Path
from typing import Any

import pytest

from nlan.errors import InputError
from nlan.schema import load
from nlan.schema.syntax.report import Position, Report
from nlan.schema.syntax.tree import Scalar
from nlan.schema.written import common, table
from nlan.schema.written.kinds import Kind, Reader
from nlan.services.router import kinds as kinds_of_routing
from nlan.services.router import written as routing
from nlan.services.router.model import Router

WRONG: list[tuple[Kind[Any], str, str]] = [
    (common.UNDERLAY, "fe80::1%eth1/64", "is not an address"),
    (common.ADDRESSES, "2001:db8::1%a b/64", "is not an address"),
    (routing.NEXT_HOP, "2001:db8::1%eth1", "is not an address"),
    (routing.LOOPBACK_ANY, "224.0.0.1/32", "is a multicast address"),
    (routing.LOOPBACK_ANY, "127.0.0.1", "is a loopback address"),
    (routing.LOOPBACK_ANY, "::/128", "is an unspecified address"),
    (common.UNDERLAY, "ff02::1", "is a multicast address"),
    (kinds_of_routing.ROUTER_ID, "0.0.0.0", "zero is none"),
    (routing.ASN_ANY, "true", "is not an AS number, `auto`, or `false` for none"),
    (kinds_of_routing.PASSWORD, "two words", "that is one word"),
    (kinds_of_routing.PASSWORD, "  ", "expected a password, got nothing"),
    (kinds_of_routing.DESCRIPTION, "one\ntwo", "that is one line"),
    (kinds_of_routing.SOURCE, "lo\tx", "that is one word"),
    (
        table.LimitsKeys.memory.kind,
        "999999999999999T",
        "is not an amount of memory",
    ),
]


@pytest.mark.parametrize(("kind", "text", "said"), WRONG, ids=lambda value: str(value)[:20])
def test_value_that_nothing_takes_is_refused(kind: Kind[object], text: str, said: str) -> None:
    report = Report("f")
    kind.read(Scalar(text, True, 1, 1), Position(), Reader(report, lambda name: None, table.vocabulary()))
    (problem,) = report.problems()
    assert said in problem.message


def test_no_is_still_a_word_for_no_as_number() -> None:
    reader = Reader(Report("f"), lambda name: None, table.vocabulary())
    assert routing.ASN_ANY.read(Scalar("off", True, 1, 1), Position(), reader) is False
    assert routing.ASN_ANY.read(Scalar("1", True, 1, 1), Position(), reader) == 1


@pytest.mark.parametrize("word", ["remote_as", "RemoteAs", "peer_asn"])
def test_a_key_may_have_another_word_that_is_taken(word: str) -> None:
    lab = load(Path("x.yaml"), text=PEERS % f"{word}: 64511").lab
    router = lab.node("r1").find(Router)
    assert router is not None
    assert router.bgp is not None
    assert [peer.peer_asn for peer in router.bgp.peers if str(peer.address) == "203.0.113.2"] == [64511]
    with pytest.raises(InputError, match="its other spelling"):
        load(
            Path("x.yaml"),
            text=PEERS % f"{word}: 64511, {'peer_asn' if word != 'peer_asn' else 'RemoteAs'}: 1",
        )


PEERS = "nodes: {r1: {asn: 1, bgp: {peers: [{peer: 203.0.113.2, external: true, %s}]}}}\n"
