"""Keys and passwords in what is printed, and in a text that is edited."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from nlan.errors import ApplyError
from nlan.model import from_json, to_builtins, to_shown
from nlan.schema.syntax.report import Position, Report
from nlan.secrets import HIDDEN, Marks, Secret, hide, stands_for_secret
from nlan.services.router.model import BgpPeer

PEER = BgpPeer(address=ip_address("192.0.2.1"), peer_asn=64496, password=Secret("hush"))


def test_a_secret_tells_itself_only_where_asked() -> None:
    for text in (str(PEER), repr(PEER), f"{PEER.password}", f"{PEER.password!r:>9}", str([PEER.password])):
        assert "hush" not in text
        assert HIDDEN in text
    assert to_shown(PEER)["password"] == HIDDEN
    assert from_json(to_builtins(PEER), BgpPeer) == PEER
    assert Secret("hush") != "hush"
    with pytest.raises(ValueError, match="stands for a secret"):
        Secret(HIDDEN)


@pytest.mark.parametrize(
    "line",
    [
        "neighbor 192.0.2.1 password {}",
        " nei PEERS passw {}",
        "no neighbor 192.0.2.1 password {}",
        "password {}",
        "enable password 8 {}",
        " ip ospf message-digest-key 1 md5 {}",
        " ip ospf authentication-key {}",
        " area 1 virtual-link 192.0.2.2 message-digest-key 3 md5 {}",
        " area 1 virtual-link 192.0.2.2 authentication-key {}",
        " ipv6 ospf6 authentication key-id 1 hash-algo hmac-sha-256 key {}",
        "key chain ring\n key 1\n  key-string {}\n exit\nexit",
        " isis password clear {}",
        " area-password md5 {}",
        " domain-password clear {}",
        " ip rip authentication string {}",
        " ip nhrp authentication {}",
        "r1: configure bgpd: neighbor 192.0.2.1 password {}: % Unknown command",
        "- router bgp 64496 / neighbor 192.0.2.1 password {}",
        "line 3: `neighbor 192.0.2.1 password {}` is refused",
    ],
)
@pytest.mark.parametrize("key", ["hush", "hush hu`sh: hush"])
def test_a_key_in_a_line_of_frr_is_hidden_and_nothing_else(line: str, key: str) -> None:
    hidden = hide(line.format(key))
    assert hidden == line.format(HIDDEN).replace("password 8", "password")
    assert hide(hidden) == hidden


@pytest.mark.parametrize(
    "line",
    [
        "pe2 has another password for this session: it never comes up",
        " area 0 authentication message-digest",
        " ip ospf authentication key-chain ring",
        " ip rip authentication mode md5",
        "key chain ring",
        "neighbor 192.0.2.1 remote-as 64496",
        "a neighbor passes every packet",
    ],
)
def test_what_is_no_key_stays(line: str) -> None:
    assert hide(line) == line


def test_errors_quote_no_key() -> None:
    error = ApplyError(
        "r1", "configure bgpd: neighbor 192.0.2.1 password hush", "% no: neighbor x password hush"
    )
    report = Report("f")
    report.error(Position("r1.frr"), "`neighbor 192.0.2.1 password hush` is no line of FRR")
    assert "hush" not in f"{error}{error.operation}{error.reason}{report.problems()}"


def test_marks_stand_for_keys_wherever_they_are_put() -> None:
    marks = Marks()
    assert [marks.conceal(key) for key in ("one", "two", "one")] == ["<secret 1>", "<secret 2>", "<secret 1>"]
    assert marks.reveal("x <secret 2> <secret 1>") == "x two one"
    assert marks.reveal("<secret 3> <secret 0>") == "<secret 3> <secret 0>"
    assert all(map(stands_for_secret, ("<secret 3>", HIDDEN, "neighbor x password <secret>")))
    assert not stands_for_secret("<secrets>")
