"""One thing changed by its path, in the words of `show` or of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlan.api.edits.setting import set_by_path, unset_by_path
from nlan.api.edits.written import Origin
from nlan.errors import InputError
from nlan.model import Lab
from nlan.schema import load, to_yaml
from nlan.services.router.model import BgpPeer, Router

SHORT = """
# kept in the file, not in what is remembered of it
asn: 64496
nodes:
  r[1-2]: {hosts: 1, bgp: {password: "010"}}
  r3: {asn: 64497}
links: [r1 -- r2, {link: r2 -- r3, cost: 5}]
"""
LISTED = "nodes: [a, 'b[1-2]', {c: {hosts: 1}}]\nospf: true\nlinks: [a -- b1 -- b2 -- c]\n"
LINKED = "ospf: true\nlinks: [a -- b -- c]\n"
ORIGINAL = """
pe1:
  Ptn: {wan: {Links: {LocalIp: "${pe1}"}, L2Vpn: [{Vni: 5, Peers: ["${ce1}"], Ip: 10.9.0.1/24}]}}
  Router: {Loopback: 10.0.0.1/32}
ce1:
  Ptn: {wan: {Links: {LocalIp: "${ce1}"}, L2Vpn: [{Vni: 5, Peers: ["${pe1}"], Ip: 10.9.0.2/24}]}}
  Router: {Loopback: 10.0.0.2/32}
"""
LOOP = "nodes:\n{% for n in [1, 2] %}\n  r${n}: {asn: ${64495 + n}}\n{% endfor %}\nlinks: [r1 -- r2]\n"
R3 = "r3: {asn: 64497}"


def loaded(text: str) -> tuple[Lab, Origin]:
    found = load(Path("x.yaml"), text=text)
    return found.lab, Origin(("x.yaml", text), found.allocations)


@pytest.mark.parametrize(
    ("text", "path", "value", "same"),
    [
        (SHORT, "r1.hosts", "2", (R3, f"{R3}\n  r1: {{hosts: 2}}")),
        (SHORT, "r3.asn", "64499", ("64497", "64499")),
        (SHORT, "nodes.r3.asn", "64499", ("64497", "64499")),
        (SHORT, "asn", "64500", ("asn: 64496", "asn: 64500")),
        (SHORT, "links.1.cost", "7", ("cost: 5", "cost: 7")),
        (SHORT, "links.0.cost", "7", ("[r1 -- r2,", "[{link: r1 -- r2, cost: 7},")),
        (SHORT, "ipv6", "yes", ("asn: 64496", "asn: 64496\nipv6: true")),
        (SHORT, "r2.bgp.password", "other", (R3, f"{R3}\n  r2: {{bgp: {{password: other}}}}")),
        (SHORT, "r3.Asn", "64499", ("64497", "64499")),
        (LISTED, "a.hosts", "2", ("[a,", "[{a: {hosts: 2}},")),
        (LISTED, "b2.hosts", "2", ("{c:", "{b2: {hosts: 2}}, {c:")),
        (LISTED, "nodes.b2.hosts", "2", ("{c:", "{b2: {hosts: 2}}, {c:")),
        (LISTED, "c.hosts", "2", ("hosts: 1", "hosts: 2")),
        (LINKED, "b.hosts", "2", ("links", "nodes: [a, {b: {hosts: 2}}, c]\nlinks")),
        (ORIGINAL, "pe1.Ptn.wan.L2Vpn.0.Mtu", "1400", ("10.9.0.1/24}", "10.9.0.1/24, Mtu: 1400}")),
        (LOOP, "r2.asn", "64511", ("64495 + n", "[64496, 64511][n - 1]")),
    ],
)
def test_a_path_of_the_file_means_what_the_file_would(
    text: str, path: str, value: str, same: tuple[str, str]
) -> None:
    lab, origin = loaded(text)
    assert same[0] in text
    changed = set_by_path(lab, origin, path, value)
    wanted = load(Path("x.yaml"), text=text.replace(*same), allocations=origin.allocations)
    assert changed.lab == wanted.lab
    again = load(Path("x.yaml"), text=changed.origin.source[1], allocations=changed.origin.allocations)
    assert again.lab == changed.lab, "what is remembered of the file says so too"


def test_what_was_changed_besides_stays() -> None:
    lab, origin = loaded(SHORT)
    one = set_by_path(lab, origin, "r1.limits.pids", "200")
    two = set_by_path(one.lab, one.origin, "r3.asn", "64499")
    assert two.lab.node("r1").limits == one.lab.node("r1").limits
    assert [peer.peer_asn for peer in peers(two.lab, "r2") if peer.description == "r3"] == [64499]
    three = set_by_path(two.lab, two.origin, "r3.asn", "64497")
    assert three.lab == one.lab


def test_what_the_file_says_no_more_is_derived_again() -> None:
    lab, origin = loaded(SHORT.replace("asn: 64496", "asn: 64496\nospf: true"))
    changed = unset_by_path(lab, origin, "links.1.cost")
    text = SHORT.replace(", cost: 5", "").replace("asn: 64496", "asn: 64496\nospf: true")
    assert changed.lab == load(Path("x.yaml"), text=text).lab
    with pytest.raises(InputError, match=r"r3\.hosts: the file says nothing of `hosts`"):
        unset_by_path(lab, origin, "r3.hosts")


def test_a_link_s_mtu_is_that_of_both_ends() -> None:
    lab, origin = loaded(SHORT)
    changed = set_by_path(lab, origin, "links.0.mtu", "1400")
    text = SHORT.replace("[r1 -- r2,", "[{link: r1 -- r2, mtu: 1400},")
    assert changed.lab == load(Path("x.yaml"), text=text).lab
    assert set_by_path(lab, origin, "lab.links.0.mtu", "1400") == changed


@pytest.mark.parametrize("word", ["remote_as", "peer_asn"])
def test_a_peer_s_as_has_the_file_s_word_and_the_model_s(word: str) -> None:
    lab, origin = loaded(SHORT)
    assert " remote_as: 64497\n" in to_yaml(lab)
    assert "peer_asn" not in to_yaml(lab)
    number = [peer.description for peer in peers(lab, "r2")].index("r3")
    with pytest.raises(InputError, match=rf"peers\.{number}\.remote_as: 5 is not the AS of r3"):
        set_by_path(lab, origin, f"r2.router.bgp.peers.{number}.{word}", "5")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("r1.interfaces.0.mtu", "1400", "depends on it (both ends have their link's, `links.0.mtu`)"),
        ("links.0.name", "other", "nothing of the network depends on it"),
        ("foo", "1", "no node and no key of the file is called `foo`"),
        ("asnn", "1", "no node and no key of the file is called `asnn` (did you mean `asn`?)"),
        ("r9.asn", "1", "no node and no key of the file is called `r9`"),
        ("r1.host", "1", "there is no `host` (did you mean `hosts`?)"),
        ("r1.router.bpg", "1", "`bpg` is no key of a router (did you mean `bgp`?)"),
        ("r1.asn", "many", "`many` is not an AS number, `auto`, or `false` for none"),
        ("links.7.cost", "1", "there is no item 7; the file's list has 2, counted from 0"),
        ("r3.asn.x", "1", "`64497` holds nothing further"),
    ],
)
def test_what_is_wrong_or_has_no_effect_is_said(path: str, value: str, said: str) -> None:
    lab, origin = loaded(SHORT)
    with pytest.raises(InputError) as error:
        set_by_path(lab, origin, path, value)
    assert said in str(error.value)


def test_the_value_that_is_there_is_no_error() -> None:
    lab, origin = loaded(SHORT)
    assert set_by_path(lab, origin, "r3.asn", "64497").lab == lab
    assert set_by_path(lab, origin, "links.0.mtu", "1500").lab == lab


def test_without_its_file_the_lab_is_changed_by_the_words_of_show() -> None:
    lab, _ = loaded(SHORT)
    with pytest.raises(InputError, match="the file that the lab came from is not known"):
        set_by_path(lab, Origin(), "r3.asn", "64499")
    assert set_by_path(lab, Origin(), "r3.router.bgp.maximum_paths", "4").lab != lab


def peers(lab: Lab, name: str) -> tuple[BgpPeer, ...]:
    router = lab.node(name).find(Router)
    return router.bgp.peers if router is not None and router.bgp is not None else ()
