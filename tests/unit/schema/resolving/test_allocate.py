"""Allocations go by name and are kept."""

from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlan.errors import InputError
from nlan.schema import Allocations, load
from nlan.schema.resolving.allocate import Allocator, pieces, singles
from nlan.schema.syntax.report import Position, Report
from nlan.services.ptn.model import Ptn
from nlan.services.router.model import Router
from nlan.services.vhosts.model import Vhosts

from ..conftest import Load, Problems

LAB = "asn: auto\nnodes: [{names}]\nlinks:\n- line: [{names}]\nnetworks:\n  wan: {{nodes: [{names}]}}\n"


def lab(*names: str) -> str:
    return LAB.format(names=", ".join(names))


def test_node_in_front_renumbers_nothing(read: Load) -> None:
    first = read(lab("pe1", "pe2"))
    second = read(lab("pe0", "pe1", "pe2"), first.allocations)
    for name in ("pe1", "pe2"):
        before, after = first.lab.node(name), second.lab.node(name)
        assert after.underlay == before.underlay
        assert (
            after.get(Ptn).networks[0].l2vpns[0].addresses == before.get(Ptn).networks[0].l2vpns[0].addresses
        )
        assert after.find(Router) is not None
        assert before.find(Router) is not None
        assert after.get(Router).loopbacks == before.get(Router).loopbacks
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
    assert str(nodes["r2"].get(Vhosts).lans[0].gateway) == "172.21.2.1/24"
    assert str(nodes["r3"].interfaces[0].addresses[0]) == "10.1.0.10/30"
    assert nodes["r2"].find(Router) is not None
    assert str(nodes["r2"].get(Router).loopbacks[0]) == "10.0.0.2/32"
    assert nodes["r3"].find(Router) is not None
    assert nodes["r3"].get(Router).bgp is not None
    assert nodes["r3"].get(Router).bgp.asn == 65002


def test_what_the_file_states_later_takes_a_number_from_its_name(read: Load) -> None:
    first = read("nodes: [r1, r2, r3]\nasn: auto\nlinks: [{link: r1 -- r2, type: l2vpn}, r2 -- r3]\n")
    text = (
        "nodes: {r1: , r2: , r3: {loopback: 10.0.0.1, underlay: 10.10.10.2}, r4: {asn: 65001}}\nasn: auto\n"
        "links: [{link: r1 -- r2, type: l2vpn}, r2 -- r3, {link: r3 -- r4, prefix: 10.1.0.0/30},\n"
        "  {link: r3 -- r4, type: l2vpn, vni: 1}]\n"
    )
    second = read(text, first.allocations)
    assert [str(node.underlay) for node in second.lab.nodes[:3]] == [
        "10.10.10.1/24",
        "10.10.10.4/24",
        "10.10.10.2/24",
    ]
    r1, r2, _, _ = (node.find(Router) for node in second.lab.nodes)
    assert r1 is not None
    assert r2 is not None
    assert r1.bgp is not None
    assert (str(r1.loopbacks[0]), r1.bgp.asn) == ("10.0.0.4/32", 65004)
    assert str(r2.loopbacks[0]) == "10.0.0.2/32"
    assert [vpn.vni for ptn in second.lab.node("r1").get(Ptn).networks for vpn in ptn.l2vpns] == [2]
    assert read(text, second.allocations) == second


def test_names_that_are_gone_give_their_numbers_back_where_a_pool_is_used_up(read: Load) -> None:
    text = (
        "pools: {{underlay: 192.0.2.0/29}}\nnodes: [{names}]\n"
        "networks: {{n: {{nodes: [{names}], prefix: 192.0.2.64/29}}}}\n"
    )
    loaded = read(text.format(names="a, b, c"))
    stays = loaded.lab.node("a")
    for names in ("d, e, a", "x, c, a", "y, z, a"):
        loaded = read(text.format(names=names), loaded.allocations)
        assert loaded.lab.node("a").underlay == stays.underlay
        assert (
            loaded.lab.node("a").get(Ptn).networks[0].l2vpns[0].addresses
            == stays.get(Ptn).networks[0].l2vpns[0].addresses
        )


def test_many_names_may_be_gone_at_once(read: Load) -> None:
    text = "pools: {{links: 10.1.0.0/19}}\nnodes: '{letter}[1-1500]'\nlinks: [{{line: '{letter}[1-1500]'}}]"
    first = read(text.format(letter="a"))
    second = read(text.format(letter="b"), first.allocations)
    assert all(node.interfaces[0].addresses for node in second.lab.nodes)


def test_pool_that_is_used_up_is_said_once_and_alone(problems_of: Problems) -> None:
    (problem,) = problems_of(
        "pools: {underlay: 192.0.2.0/30}\nnodes: {a: {hosts: {'${d}/24': 1}}, b: , c: , d: }"
    )
    assert "the pool `underlay` is used up: it holds 2" in problem.message


def test_interfaces_that_a_lan_states_are_left_free(read: Load) -> None:
    loaded = read(
        "nodes: [a, b, c]\nlinks: [a -- b]\n"
        "networks: {l: {type: lan, nodes: {a: {interface: eth1}, b: , c: }}}"
    )
    assert [[i.name for i in node.interfaces] for node in loaded.lab.nodes] == [
        ["eth2", "eth1"],
        ["eth1", "eth2"],
        ["eth1"],
    ]


def test_network_that_is_called_like_a_link_shares_nothing_with_it(read: Load) -> None:
    loaded = read("nodes: [a, b]\nlinks: [a -- b]\nnetworks: {a--b: {type: lan, nodes: [a, b]}}")
    assert [i.name for i in loaded.lab.node("a").interfaces] == ["eth1", "eth2"]


def test_as_number_of_the_service_is_left_free(read: Load) -> None:
    loaded = read(
        "nodes: {a: {asn: auto}, b: {router: {bgp: {65001: {}}}}, c: {Router: {Bgp: [{As: 65002}]}}}"
    )
    assert [node.get(Router).bgp.asn for node in loaded.lab.nodes if node.get(Router).bgp] == [
        65003,
        65001,
        65002,
    ]


@pytest.mark.parametrize(
    ("length", "said"), [(31, ["10.1.0.0/31", "10.1.0.1/31"]), (30, ["10.1.0.1/30", "10.1.0.2/30"])]
)
def test_no_end_has_the_first_address_of_an_ipv6_prefix(length: int, said: list[str], read: Load) -> None:
    """It is every router's there (RFC 4291, section 2.6.1)."""
    loaded = read(
        f"ipv6: true\npools: {{links: {{ipv4: 10.1.0.0/16, ipv4_length: {length}}}}}\nlinks: [a -- b]"
    )
    ends = [node.interfaces[0].addresses for node in loaded.lab.nodes]
    assert [str(four) for four, _ in ends] == said
    assert [str(six) for _, six in ends] == ["2001:db8:1::1/64", "2001:db8:1::2/64"]


@pytest.mark.parametrize(
    "text",
    [
        "nodes: [a, b]\nlinks: [{link: a -- b, prefix: 192.0.2.1/32}]",
        "nodes: [a, b]\nnetworks: {n: {prefix: '2001:db8::/128', nodes: [a, b]}}",
    ],
)
def test_two_nodes_do_not_fit_into_one_address(text: str, problems_of: Problems) -> None:
    (problem,) = problems_of(text)
    assert "2 nodes do not fit into" in problem.message


def test_pool_that_the_file_does_not_state_keeps_off_those_it_does(read: Load) -> None:
    loaded = read(
        "pools: {loopbacks: 10.1.0.0/24, lans: 10.1.1.0/24}\nasn: auto\n"
        "nodes: {a: {hosts: 1}, b: }\nlinks: [a -- b]"
    )
    assert [str(value) for value in loaded.lab.nodes[0].interfaces[0].addresses] == ["10.1.2.1/30"]


@pytest.mark.parametrize("prefix", ["192.0.2.0/31", "2001:db8:9::/127"])
def test_pool_of_two_addresses_holds_two(prefix: str, read: Load) -> None:
    loaded = read(f"pools: {{underlay: '{prefix}'}}\nnodes: [a, b]\nnetworks: {{n: {{nodes: [a, b]}}}}")
    assert [node.underlay and node.underlay.ip for node in loaded.lab.nodes] == list(ip_network(prefix))


def test_as_number_of_32_bits_stays_where_one_of_16_is_free_again(read: Load) -> None:
    first = read("asn: auto\nnodes: 'r[1-540]'")
    second = read("asn: auto\nnodes: 'r[2-540]'", first.allocations)
    routers = [lab.node("r535").find(Router) for lab in (first.lab, second.lab)]
    assert [router.bgp.asn for router in routers if router and router.bgp] == [4_200_000_000] * 2


def test_prefix_of_a_pool_is_of_its_family(problems_of: Problems) -> None:
    (problem,) = problems_of("pools: {links: {ipv4: '2001:db8::/32'}}\nlinks: [a -- b]")
    assert problem.message == "2001:db8::/32 is not an IPv4 prefix"


def test_pieces_larger_than_their_pool_are_refused(problems_of: Problems) -> None:
    (problem,) = problems_of("pools: {lans: {ipv4: 192.0.2.0/24, ipv4_length: 16}}\nnodes: {a: {hosts: 1}}")
    assert problem.path == "pools.lans.ipv4_length"


@pytest.mark.parametrize("name", ["../x", "a\\0b", "${{r1}}"])
def test_allocations_of_what_no_lab_is_called_are_not_asked_for(name: str) -> None:
    def asked(lab: str) -> Allocations:
        raise AssertionError(lab)

    with pytest.raises(InputError, match="cannot be a name"):
        load(
            Path("lab.yaml"),
            text=f'name: "{name}"\nnodes: [r1]\n'.replace("{{", "{").replace("}}", "}"),
            allocations=asked,
        )


def test_lowest_free_number_is_taken_and_spans_are_jumped() -> None:
    allocator = Allocator(Allocations(pools={"p": {"old": 2}}), Report("f"))
    assert [allocator.take("p", name, 1, 9, ([3, 6], [4, 6])) for name in "abcde"] == [1, 5, 7, 8, 9]
    assert allocator.take("p", "f", 1, 9, ([3, 6], [4, 6])) is None
    assert allocator.take("p", "old", 1, 9) == 2


def test_huge_stated_prefix_costs_no_time() -> None:
    pool = singles("loopbacks", [ip_network("2001:db8::/32")], host_length=True)
    pool.block([ip_network("2001:db8::/33")])
    number = Allocator(Allocations(), Report("f")).from_pool(pool, "r1", Position())
    assert number is not None
    assert str(pool.interfaces(number)[0]) == "2001:db8:8000::/128"


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=30))
def test_numbers_never_move_and_never_meet(names: list[str]) -> None:
    pool = pieces("links", [(ip_network("10.1.0.0/24"), 30), (ip_network("2001:db8::/48"), 64)])
    recorded = Allocations()
    seen: dict[str, int] = {}
    for name in names:
        allocator = Allocator(recorded, Report("f"))
        number = allocator.from_pool(pool, name, Position())
        assert number is not None
        assert seen.setdefault(name, number) == number
        recorded = allocator.recorded()
    assert len(set(seen.values())) == len(seen)
