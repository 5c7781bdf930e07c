"""Allocations go by name and are kept."""

from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from nlan.schema import Allocations
from nlan.schema.allocate import Allocator, pieces, singles
from nlan.schema.report import Place, Report

from .conftest import Load

LAB = "asn: auto\nnodes: [{names}]\nlinks:\n- line: [{names}]\nnetworks:\n  wan: {{nodes: [{names}]}}\n"


def lab(*names: str) -> str:
    return LAB.format(names=", ".join(names))


def test_node_in_front_renumbers_nothing(read: Load) -> None:
    first = read(lab("pe1", "pe2"))
    second = read(lab("pe0", "pe1", "pe2"), first.allocations)
    for name in ("pe1", "pe2"):
        before, after = first.lab.node(name), second.lab.node(name)
        assert after.underlay == before.underlay
        assert after.ptn[0].l2vpns[0].addresses == before.ptn[0].l2vpns[0].addresses
        assert after.router is not None
        assert before.router is not None
        assert after.router.loopbacks == before.router.loopbacks
        assert set(before.interfaces) <= set(after.interfaces)
    assert str(second.lab.node("pe0").underlay) == "10.10.10.3/24"


def test_name_that_returns_finds_its_numbers(read: Load) -> None:
    first = read(lab("a", "b", "c"))
    without = read(lab("a", "c"), first.allocations)
    other = read(lab("a", "x", "c"), without.allocations)
    assert other.lab.node("x").underlay != first.lab.node("b").underlay
    again = read(lab("a", "b", "c"), other.allocations)
    assert again.lab == first.lab


def test_same_file_and_allocations_give_the_same_lab(read: Load) -> None:
    first = read(lab("a", "b"))
    assert read(lab("a", "b")) == first
    assert read(lab("a", "b"), first.allocations) == first


def test_recorded_allocations_are_not_changed(read: Load) -> None:
    empty = Allocations()
    read(lab("a", "b"), empty)
    assert empty == Allocations()


def test_allocation_avoids_what_the_file_states(read: Load) -> None:
    loaded = read(
        "nodes:\n  r1: {asn: 64496, loopback: 10.0.0.1/32, hosts: {172.21.1.1/24: 1}}\n"
        "  r2: {asn: 65001, hosts: 1}\n  r3: {asn: auto}\n"
        "links: [{link: r1 -- r2, prefix: 10.1.0.0/29}, r2 -- r3]\n"
    )
    nodes = {node.name: node for node in loaded.lab.nodes}
    assert str(nodes["r2"].vhosts[0].gateway) == "172.21.2.1/24"
    assert str(nodes["r3"].interfaces[0].addresses[0]) == "10.1.0.10/30"
    assert nodes["r2"].router is not None
    assert str(nodes["r2"].router.loopbacks[0]) == "10.0.0.2/32"
    assert nodes["r3"].router is not None
    assert nodes["r3"].router.bgp is not None
    assert nodes["r3"].router.bgp.asn == 65002


def test_lowest_free_number_is_taken_and_spans_are_jumped() -> None:
    allocator = Allocator(Allocations(pools={"p": {"old": 2}}), Report("f"))
    assert [allocator.take("p", name, 1, 9, ([3, 6], [4, 6])) for name in "abcde"] == [1, 5, 7, 8, 9]
    assert allocator.take("p", "f", 1, 9, ([3, 6], [4, 6])) is None
    assert allocator.take("p", "old", 1, 9) == 2


def test_huge_stated_prefix_costs_no_time() -> None:
    pool = singles("loopbacks", [ip_network("2001:db8::/32")], host_length=True)
    pool.block([ip_network("2001:db8::/33")])
    number = Allocator(Allocations(), Report("f")).from_pool(pool, "r1", Place())
    assert number is not None
    assert str(pool.interfaces(number)[0]) == "2001:db8:8000::/128"


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=30))
def test_numbers_never_move_and_never_meet(names: list[str]) -> None:
    pool = pieces("links", [(ip_network("10.1.0.0/24"), 30), (ip_network("2001:db8::/48"), 64)])
    recorded = Allocations()
    seen: dict[str, int] = {}
    for name in names:
        allocator = Allocator(recorded, Report("f"))
        number = allocator.from_pool(pool, name, Place())
        assert number is not None
        assert seen.setdefault(name, number) == number
        recorded = allocator.recorded()
    assert len(set(seen.values())) == len(seen)
