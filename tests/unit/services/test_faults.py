"""Faults of links: what they make of a lab's resources and of what it comes to, and how they stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlan.api.edits.faults import ends_of, faults_of, wanted, with_faults
from nlan.errors import InputError
from nlan.expand import expand
from nlan.expect import expectation
from nlan.kinds.address import Address
from nlan.kinds.queue import Queue
from nlan.kinds.route import Route
from nlan.kinds.veth import Veth
from nlan.model import Lab
from nlan.schema import load
from nlan.services.faults.model import Fault, Faults

TRIANGLE = """
nodes: {r1: {asn: 64496}, r2: {asn: 64497}, r3: {asn: 64498}}
links:
- {link: r1 -- r2, delay: 20ms, jitter: 5ms}
- r2 -- r3
- r1 -- r3
- r1 -- r3
"""


def lab(text: str = TRIANGLE) -> Lab:
    return load(Path("lab.yaml"), text=text).lab


def test_a_link_that_is_down_has_no_addresses_and_nothing_is_expected_of_it() -> None:
    down = with_faults(lab(), "r1:eth2", "r3", wanted(down=True))
    before, after = expand(lab()), expand(down)
    gone = before.keys() - after.keys()
    assert {str(key) for key in gone} == {"r1 address eth2 10.1.0.9/30", "r3 address eth2 10.1.0.10/30"}
    (pair,) = (r for r in after.values() if isinstance(r, Veth) and not r.up)
    assert (pair.ends(), pair.peer_up) == ((("r1", "eth2"), ("r3", "eth2")), False)
    assert {k: r for k, r in before.items() if k not in gone and k != pair.key} == {
        key: resource for key, resource in after.items() if key != pair.key
    }
    sessions = {(one.node, one.peer) for one in expectation(lab()).sessions}
    assert sessions - {(s.node, s.peer) for s in expectation(down).sessions} == {
        ("r1", "10.1.0.10"),
        ("r3", "10.1.0.9"),
    }


def test_one_end_of_a_pair_is_lowered_and_not_the_other() -> None:
    node = lab().node("r3").having(Faults(ports=(Fault(interface="eth2", down=True),)))
    nodes = (*lab().nodes[:2], node)
    text = expand(Lab(name="lab", nodes=nodes, links=lab().links))
    (pair,) = (r for r in text.values() if isinstance(r, Veth) and not (r.up and r.peer_up))
    assert (pair.up, pair.peer_up) == (True, False)


def test_a_plain_hosts_default_route_goes_with_its_link() -> None:
    text = "nodes: {r1: {asn: 64496}, h1: }\nlinks: [r1 -- h1]\n"
    routes = [r for r in expand(lab(text)).values() if isinstance(r, Route)]
    assert [str(route.prefix) for route in routes] == ["0.0.0.0/0"]
    resources = expand(with_faults(lab(text), "h1", "r1", wanted(down=True))).values()
    assert not [r for r in resources if isinstance(r, Route)]
    assert {r.interface for r in resources if isinstance(r, Address)} == {"lo"}


def test_a_queue_has_what_the_fault_says_over_what_the_file_does() -> None:
    slow = with_faults(lab(), "r1", "r2", wanted(rate="10M", loss="1%"))
    assert [queue for queue in expand(slow).values() if isinstance(queue, Queue)] == [
        Queue(namespace=node, interface="eth1", rate=10_000_000, delay_us=20_000, jitter_us=5_000, loss=1.0)
        for node in ("r1", "r2")
    ]
    fast = with_faults(slow, "r1", "r2", wanted(rate=None, delay="0ms", loss="0%"))
    assert {q.delay_us + q.jitter_us for q in expand(fast).values() if isinstance(q, Queue)} == {0}
    assert with_faults(fast, "r1", "r2", None) == lab()


def test_what_loses_all_is_not_expected_of() -> None:
    lost = with_faults(lab(), "r2", "r3", wanted(loss="100%"))
    assert {"r2", "r3"} not in [{one.node, one.peer_node} for one in expectation(lost).sessions]
    half = with_faults(lab(), "r2", "r3", wanted(loss="50%"))
    assert expectation(half) == expectation(lab())


def test_each_option_changes_its_one_thing() -> None:
    one = with_faults(lab(), "r1", "r2", wanted(down=True, rate="10M"))
    two = with_faults(one, "r2", "r1", wanted(down=False))
    assert [(f.node, f.interface, f.others, f.fault) for f in faults_of(two)] == [
        ("r1", "eth1", ("r2:eth1",), "rate 10M"),
        ("r2", "eth1", ("r1:eth1",), "rate 10M"),
    ]


def test_two_nodes_mean_all_their_links_and_an_interface_one() -> None:
    assert ends_of(lab(), "r1", "r3") == [("r1", "eth2"), ("r3", "eth2"), ("r1", "eth3"), ("r3", "eth3")]
    assert ends_of(lab(), "r1:eth3") == [("r1", "eth3"), ("r3", "eth3")]
    lan = lab("nodes: [h1, h2, h3]\nnetworks: {lan: {type: lan, nodes: [h1, h2, h3]}}\n")
    assert ends_of(lan, "h1:eth1") == [("h1", "eth1")]
    with pytest.raises(InputError, match="eth1 of h1 is on a segment of 3 nodes"):
        ends_of(lan, "h1", "h2")


def test_they_stay_where_the_lab_is_described_anew() -> None:
    before = with_faults(
        with_faults(lab(), "r1", "r2", wanted(down=True)), "r1:eth3", None, wanted(down=True)
    )
    assert lab().keeping(before) == before
    fewer = lab(TRIANGLE.removesuffix("- r1 -- r3\n"))
    assert [fault.interface for fault in faults_of(fewer.keeping(before))] == ["eth1", "eth1"]


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ("r4", "r1", "no node is called `r4`"),
        ("r1:eth9", None, "no link or LAN gives r1 an interface `eth9`; there is eth1, eth2 and eth3"),
        ("r1", None, "a second node is wanted, or an interface such as `r1:eth1`"),
        ("r1:eth1", "r3", "there is no link between `r1:eth1` and `r3`; `r1:eth1` is linked to `r2`"),
    ],
)
def test_a_link_that_there_is_not(a: str, b: str | None, words: str) -> None:
    with pytest.raises(InputError) as caught:
        ends_of(lab(), a, b)
    assert caught.value.problems[0].message == words


def test_jitter_needs_a_delay() -> None:
    with pytest.raises(InputError, match="the jitter is larger than the delay that it varies"):
        with_faults(lab(), "r1", "r3", wanted(jitter="5ms"))


def test_all_that_cannot_be_read_is_said() -> None:
    with pytest.raises(InputError) as caught:
        wanted(rate="fast", loss="200%")
    assert [problem.path for problem in caught.value.problems] == ["rate", "loss"]
