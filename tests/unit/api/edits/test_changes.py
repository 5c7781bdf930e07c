"""Changes without the file: what is wrong is said as it is of files, by path, and touches nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlan.api.edits.changes import edited, with_value, without_value
from nlan.errors import InputError
from nlan.model import Lab
from nlan.schema import load, to_yaml

FILE = """
name: x
nodes:
  pe1: {asn: 64496, hosts: 1}
  pe2: {asn: 64496}
  ce1: {asn: 64497, bgp: {peers: [{peer: 203.0.113.1, remote_as: 64511, external: true}]}}
networks: {wan: {nodes: ["pe[1-2]"], vni: 7}}
links: [pe1 -- ce1]
"""
LAB = load(Path("x.yaml"), text=FILE).lab


def test_little_of_a_processor_is_read_back() -> None:
    lab = load(Path("x.yaml"), text="nodes: {r1: {limits: {cpus: 0.00001}}}").lab
    assert with_value(lab, "r1.forwarding", "true").node("r1").limits == lab.node("r1").limits


def test_node_may_be_called_like_the_settings() -> None:
    lab = load(Path("x.yaml"), text="nodes: [lab, b]\nlinks: [lab -- b]").lab
    assert with_value(lab, "b.forwarding", "true").node("b").forwarding
    assert with_value(lab, "lab.forwarding", "true").node("lab").forwarding


def said(error: pytest.ExceptionInfo[InputError]) -> list[str]:
    return str(error.value).splitlines()


@pytest.mark.parametrize(
    ("path", "value", "problems"),
    [
        ("pe9.router", "{}", ["pe9.router: no node is called `pe9` (did you mean `pe2`?)"]),
        ("pe1.rooter", "{}", ["pe1.rooter: `rooter` is no key of a node (did you mean `router`?)"]),
        ("pe1.limitz.pids", "9", ["pe1.limitz: `limitz` is no key of a node (did you mean `limits`?)"]),
        (
            "pe1.router.engine",
            "gobpg",
            ["pe1.router.engine: `gobpg` is not `bird`, `frr` or `gobgp` (did you mean `gobgp`?)"],
        ),
        ("pe1.limits.pids", "0", ["pe1.limits.pids: 0 is below 1, the smallest number of processes"]),
        (
            "pe1.router.bgp.asn",
            "no number",
            ["pe1.router.bgp.asn: `no number` is not a whole number from 1 to 4294967295"],
        ),
        (
            "pe1.router.bgp.peers.0",
            "{adress: 10.0.0.1, remote_as: -4, families: [ipv5]}",
            [
                "pe1.router.bgp.peers.0.adress: `adress` is no key of a BGP peer (did you mean `address`?)",
                "pe1.router.bgp.peers.0.remote_as: -4 is below 1, the smallest AS number (RFC 6793)",
                "pe1.router.bgp.peers.0.families.0: `ipv5` is not `ipv4` or `ipv6` (did you mean `ipv6`?)",
                "pe1.router.bgp.peers.0: `address` is required: an address such as `192.0.2.1`",
            ],
        ),
        (
            "lab.underlay",
            "null",
            [
                "pe1.underlay: pe1 is not on the underlay, and its tunnels lead nowhere",
                "pe2.underlay: pe2 is not on the underlay, and its tunnels lead nowhere",
            ],
        ),
        ("pe2.attached", "false", ["pe2.underlay: pe2 is not on the underlay, and its tunnels lead nowhere"]),
        (
            "ce1.router.bgp.peers.0.hold_time_s",
            "1",
            [
                "ce1.router.bgp.peers.0.hold_time_s: 1 is no hold time; that is 0, or a whole number from 3 "
                "to 65535 (RFC 4271)"
            ],
        ),
        (
            "ce1.router.bgp.peers.2",
            "{address: 203.0.113.1, remote_as: 64511}",
            ["ce1.router.bgp.peers.1: the peer 203.0.113.1 is defined twice in ce1"],
        ),
        (
            "pe1.router.ospf",
            "{areas: [{area: 0, networks: [10.0.0.0/8]}, {area: 1, networks: [10.0.0.0/8]}]}",
            ["pe1.router.ospf.areas.0.networks.0: 10.0.0.0/8 is defined twice in the OSPF areas of pe1"],
        ),
        (
            "pe1.router.routes",
            "[{prefix: 192.0.2.0/24, via: 10.1.0.2, blackhole: true}]",
            [
                "pe1.router.routes.0: the route to 192.0.2.0/24 wants a next hop or an interface, "
                "or `blackhole`"
            ],
        ),
        (
            "lab.links.1",
            "{name: more, a: {node: pe1, interface: eth1}, b: {node: ce1, interface: eth1}}",
            [
                "lab.links.1.a.interface: the interface eth1 of pe1 is on a link or a LAN already",
                "lab.links.1.b.interface: the interface eth1 of ce1 is on a link or a LAN already",
            ],
        ),
        (
            "pe1.router.bgp.peers.9",
            "{}",
            ["pe1.router.bgp.peers.9: the list has 2 items; the next is number 2"],
        ),
        (
            "pe1.router.bgp.peers.first",
            "{}",
            ["pe1.router.bgp.peers.first: expected the number of a list's item, got `first`"],
        ),
        (
            "pe1.ptn.0.l2vpns.0.vni",
            "16777216",
            ["pe1.ptn.0.l2vpns.0.vni: 16777216 is above 16777215, the largest VNI (RFC 7348)"],
        ),
        (
            "pe1.router.loopbacks.0",
            "10.0.0.2/32",
            [
                "pe2.router.loopbacks.0: pe2 and pe1 both have the router ID 10.0.0.2 "
                "(it is their first address; say `router_id` at one of them)"
            ],
        ),
        (
            "pe1.router.bgp.peers.0.remote_as",
            "64499",
            [
                "pe1.router.bgp.peers.0.remote_as: "
                "64499 is not the AS of ce1, which has 10.1.0.2: that is 64497"
            ],
        ),
        ("lab.timers", "slow", ["lab.timers: `slow` is not `lab` or `standard`"]),
        (
            "lab.links.0.b.node",
            "ce7",
            [
                "lab.links.0.b.node: no node is called `ce7` (did you mean `ce1`?)",
                "ce1.interfaces.0: the interface eth1 of ce1 is on no link and no LAN",
            ],
        ),
        (
            "lab.links.0.a.interface",
            "eth7",
            [
                "lab.links.0.a.interface: pe1 has no interface `eth7` (did you mean `eth1`?)",
                "pe1.interfaces.0: the interface eth1 of pe1 is on no link and no LAN",
            ],
        ),
        ("lab.links", "x", ["lab.links: expected a list, each item a link (a mapping), got `x`"]),
        ("ce9", "7", ["ce9: expected a node (a mapping), got `7`"]),
        (
            "pe1.vhosts.0.gateway",
            "172.21.1.0/24",
            ["pe1.vhosts.0.gateway: `172.21.1.0/24` is the prefix itself, not an address in it"],
        ),
        (
            "pe1.router",
            "{: ]",
            ["pe1.router: invalid YAML: while parsing a flow node, did not find expected node content"],
        ),
        ("lab.name", "y", ["lab.name: `y` stands where the lab's name, x, has to stay"]),
        ("lab.nodes", "[]", ["lab.nodes: a node is said by its name alone, such as `pe1`"]),
        ("", "1", ["a path is wanted, such as `pe1.asn`"]),
    ],
)
def test_a_wrong_value_is_said_as_of_a_file(path: str, value: str, problems: list[str]) -> None:
    with pytest.raises(InputError) as error:
        with_value(LAB, path, value)
    assert said(error) == [f"error: {problem}" for problem in problems]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("pe1.limits.memory", "64M"),
        ("pe1.router.bgp.maximum_paths", "4"),
        ("pe1.router.bgp.peers.0.password", "123"),
        ("pe1.router.routes.0", "{prefix: 203.0.113.0/24, blackhole: yes}"),
        ("lab.timers", "standard"),
        ("pe1.vhosts.0.mtu", "1400"),
    ],
)
def test_what_fits_is_taken_and_changes_nothing_else(path: str, value: str) -> None:
    changed = with_value(LAB, path, value)
    assert changed != LAB
    assert without_value(changed, path) != changed
    assert with_value(LAB, "pe1.vhosts.0.mtu", "1500") == LAB


def test_what_was_so_before_is_no_matter_of_the_change() -> None:
    """The model does not tell that a peer is outside of the lab, as the file does."""
    assert with_value(LAB, "ce1.router.bgp.maximum_paths", "4") != LAB
    with pytest.raises(InputError, match=r"no node of the lab has the address 203\.0\.113\.2"):
        with_value(LAB, "pe1.router.bgp.peers.2", "{address: 203.0.113.2, remote_as: 64511}")


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (
            "pe1.router.nothing",
            "pe1.router.nothing: there is no `nothing`; there is `loopbacks`, `engine`, `bgp` and `routes`",
        ),
        ("pe1.roter", "pe1.roter: there is no `roter` (did you mean `router`?)"),
        ("pe7", "pe7: no node is called `pe7` (did you mean `pe2`?)"),
        ("pe1.vhosts.1", "pe1.vhosts.1: there is no item 1; the list has 1 item"),
        (
            "pe1.router.bgp.asn",
            "pe1.router.bgp: `asn` is required: a whole number from 1 to 4294967295",
        ),
        ("pe1.forwarding.x", "pe1.forwarding.x: `True` holds nothing further"),
    ],
)
def test_what_cannot_be_removed_is_said(path: str, problem: str) -> None:
    with pytest.raises(InputError) as error:
        without_value(LAB, path)
    assert said(error)[0] == f"error: {problem}"


def test_the_last_node_is_not_removed() -> None:
    alone = load(Path("x.yaml"), text="name: x\nnodes: [r1]\n").lab
    with pytest.raises(InputError, match="no node is left"):
        without_value(alone, "r1")


def alone(node: str) -> Lab:
    return Lab(name=LAB.name, nodes=(LAB.node(node),))


def test_an_unchanged_text_is_the_lab() -> None:
    assert edited(LAB, to_yaml(LAB)) == LAB
    assert edited(LAB, to_yaml(alone("pe1")), node="pe1") == LAB


def test_an_edited_text_is_told_by_line() -> None:
    text = to_yaml(LAB).replace("    bgp:\n", "    bpg:\n", 1).replace("mtu: 1500", "mtu: 15OO", 1)
    lines = text.splitlines()
    mtu, bpg = (lines.index(line) + 1 for line in ("    mtu: 15OO", "    bpg:"))
    with pytest.raises(InputError) as error:
        edited(LAB, text, file="x.yaml")
    assert said(error) == [
        f"x.yaml:{mtu}:5: error: pe1.interfaces.0.mtu: `15OO` is not a whole number from 68 to 65535",
        f"x.yaml:{bpg}:5: error: pe1.router.bpg: `bpg` is no key of a router (did you mean `bgp`?)",
    ]


def test_a_list_has_no_item_of_a_number_beyond_reason() -> None:
    with pytest.raises(InputError, match="expected the number of a list's item, got"):
        with_value(LAB, f"pe1.interfaces.{'9' * 5000}", "1")


def test_a_lab_is_not_renamed() -> None:
    """It would be another lab, made beside the running one."""
    with pytest.raises(InputError, match="`y` stands where the lab's name, x, has to stay"):
        edited(LAB, to_yaml(LAB).replace("name: x", "name: y", 1), file="x.yaml")


def test_an_edited_node_is_checked_with_the_others() -> None:
    text = to_yaml(alone("pe1")).replace("10.0.0.1/32", "10.0.0.2/32")
    with pytest.raises(InputError, match=r"pe2 and pe1 both have the router ID 10.0.0.2"):
        edited(LAB, text, node="pe1", file="x.yaml")


@pytest.mark.parametrize("text", ["", "# nothing\n", "- 1\n", "a: [\n", "name: x\nnodes: []\n"])
def test_a_text_that_is_no_lab_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        edited(LAB, text, file="x.yaml")
