"""Planning over small hand-made states: what is done, in which order, and what is left to the kernel."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_interface, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlan.engines.frr.resource import FrrDaemon
from nlan.engines.gobgp.resource import GobgpDaemon
from nlan.kinds.address import Address
from nlan.kinds.bridge import Bridge
from nlan.kinds.fdb import FdbEntry
from nlan.kinds.namespace import Namespace
from nlan.kinds.route import Route
from nlan.kinds.veth import Veth
from nlan.kinds.vxlan import Vxlan
from nlan.plan import Plan, plan
from nlan.resources import Key, Resource
from nlan.services.router.model import BgpPeer
from samples import with_

Resources = dict[Key, Resource]


def state(*resources: Resource) -> Resources:
    return {resource.key: resource for resource in resources}


def namespace(name: str) -> Namespace:
    return Namespace(name=name)


def veth(a: str, b: str, **changes: object) -> Veth:
    values = {
        "namespace": a,
        "name": "eth1",
        "peer_namespace": b,
        "peer_name": "eth1",
        "mac": "02:00:00:00:00:01",
        "peer_mac": "02:00:00:00:00:02",
        "mtu": 1500,
    }
    return Veth(**(values | changes))  # type: ignore[arg-type]


def address(namespace: str, text: str, interface: str = "eth1") -> Address:
    return Address(namespace=namespace, interface=interface, address=ip_interface(text))


def steps(planned: Plan) -> list[str]:
    return [str(operation) for operation in planned.operations]


TWO = state(
    namespace("r1"),
    namespace("r2"),
    veth("r1", "r2"),
    address("r1", "192.0.2.1/24"),
    address("r2", "192.0.2.2/24"),
)


def test_equal_states_need_nothing() -> None:
    assert not plan(TWO, TWO)
    assert plan(TWO, TWO).impact is None


def test_what_is_used_comes_first() -> None:
    assert steps(plan(TWO, {})) == [
        "create r1 namespace",
        "create r2 namespace",
        "create r1 veth eth1",
        "create r1 address eth1 192.0.2.1/24",
        "create r2 address eth1 192.0.2.2/24",
    ]
    assert plan(TWO, {}).operations[2].requires == (0, 1)
    assert plan(TWO, {}).operations[4].requires == (1, 2)


def test_what_goes_with_its_namespace_is_not_removed_one_by_one() -> None:
    assert steps(plan({}, TWO)) == ["delete r1 namespace", "delete r2 namespace"]


def test_a_pair_goes_with_either_of_its_namespaces() -> None:
    rest = state(namespace("r1"))
    assert steps(plan(rest, TWO)) == ["delete r2 namespace"]


def test_addresses_go_with_their_link() -> None:
    rest = state(namespace("r1"), namespace("r2"))
    assert steps(plan(rest, TWO)) == ["delete r1 veth eth1"]


def test_a_changed_mtu_is_one_hitless_update() -> None:
    wanted = TWO | state(veth("r1", "r2", mtu=1400))
    (operation,) = plan(wanted, TWO).operations
    assert (operation.action, operation.impact) == ("update", "hitless")
    assert operation.reason == "mtu is 1500, wanted 1400"


def test_what_stands_on_a_link_made_again_is_made_again() -> None:
    wanted = {key: r for key, r in TWO.items() if key.kind != "veth"}
    wanted |= state(veth("r1", "r2", peer_name="eth9"), address("r2", "192.0.2.2/24", "eth9"))
    del wanted[address("r2", "192.0.2.2/24").key]
    planned = plan(wanted, TWO)
    assert steps(planned) == [
        "replace r1 veth eth1",
        "create r1 address eth1 192.0.2.1/24",
        "delete r2 address eth1 192.0.2.2/24",
        "create r2 address eth9 192.0.2.2/24",
    ]
    assert planned.operations[1].reason == "its veth eth1 is made again"
    assert planned.operations[1].impact == "outage"


def test_adding_comes_before_removing() -> None:
    wanted = {k: r for k, r in TWO.items() if r != address("r1", "192.0.2.1/24")}
    wanted |= state(address("r1", "192.0.2.9/24"))
    assert steps(plan(wanted, TWO)) == [
        "create r1 address eth1 192.0.2.9/24",
        "delete r1 address eth1 192.0.2.1/24",
    ]


def test_a_clash_over_an_address_removes_first() -> None:
    seen = TWO | state(address("r1", "198.51.100.1/32", "lo"))
    wanted = TWO | state(address("r1", "198.51.100.1/24"))
    assert steps(plan(wanted, seen)) == [
        "delete r1 address lo 198.51.100.1/32",
        "create r1 address eth1 198.51.100.1/24",
    ]


def test_a_clash_over_an_interface_waits_for_the_namespace_that_takes_it_along() -> None:
    seen = state(namespace("r1"), namespace("r2"), veth("r1", "r2"))
    wanted = state(namespace("r1"), namespace("r3"), veth("r1", "r3"))
    planned = plan(wanted, seen)
    assert steps(planned) == ["create r3 namespace", "replace r1 veth eth1", "delete r2 namespace"]


def test_one_bgp_speaker_stops_before_the_other_starts() -> None:
    frr = FrrDaemon(namespace="rr", daemon="bgpd")
    gobgp = GobgpDaemon(namespace="rr", asn=64500, router_id=ip_address("192.0.2.5"))  # type: ignore[arg-type]
    ground = namespace("rr")
    assert steps(plan(state(ground, gobgp), state(ground, frr))) == [
        "delete rr frr bgpd",
        "create rr gobgp gobgpd",
    ]
    assert steps(plan(state(ground, frr), state(ground, gobgp))) == [
        "delete rr gobgp gobgpd",
        "create rr frr bgpd",
    ]


@pytest.mark.parametrize("engine", ["frr", "gobgp"])
def test_peers_that_swap_their_addresses_give_them_up_before_they_peer_again(engine: str) -> None:
    def speaker(node: str, peer: str) -> Resource:
        if engine == "frr":
            lines = ("router bgp 64500", f" neighbor {peer} remote-as 64501")
            return FrrDaemon(namespace=node, daemon="bgpd", config=lines)
        peers = (BgpPeer(address=ip_address(peer), peer_asn=64501),)
        return GobgpDaemon(namespace=node, asn=64500, router_id=IPv4Address("192.0.2.9"), peers=peers)

    def lab(r1: str, r2: str) -> Resources:
        ends = (address("r1", f"{r1}/24"), address("r2", f"{r2}/24"))
        link = (namespace("r1"), namespace("r2"), veth("r1", "r2"))
        return state(*link, *ends, speaker("r1", r2), speaker("r2", r1))

    order = steps(plan(lab("192.0.2.2", "192.0.2.1"), lab("192.0.2.1", "192.0.2.2")))
    for node, former in (("r1", "192.0.2.1/24"), ("r2", "192.0.2.2/24")):
        update = next(step for step in order if step.startswith(f"update {node} "))
        assert order.index(f"delete {node} address eth1 {former}") < order.index(update)


def test_daemons_that_others_need_start_first_and_stop_last() -> None:
    ground = Namespace(name="r")
    daemons = [FrrDaemon(namespace="r", daemon=name) for name in ("bgpd", "mgmtd", "staticd", "zebra")]
    wanted = state(ground, *daemons)
    assert steps(plan(wanted, state(ground))) == [
        "create r frr mgmtd",
        "create r frr zebra",
        "create r frr bgpd",
        "create r frr staticd",
    ]
    assert steps(plan(state(ground), wanted)) == [
        "delete r frr bgpd",
        "delete r frr staticd",
        "delete r frr zebra",
        "delete r frr mgmtd",
    ]


def test_a_routing_daemon_ends_before_its_node_gets_routes() -> None:
    """Zebra forgets with it what waits in its queue: another daemon's routes, connected ones."""
    ground = Namespace(name="r")
    zebra, ospfd = (FrrDaemon(namespace="r", daemon=name) for name in ("zebra", "ospfd"))
    bgpd = FrrDaemon(namespace="r", daemon="bgpd", config=("router bgp 64496",))
    other = FrrDaemon(namespace="r", daemon="bgpd", config=("router bgp 64497",))
    assert steps(plan(state(ground, zebra, bgpd), state(ground, zebra, ospfd))) == [
        "delete r frr ospfd",
        "create r frr bgpd",
    ]
    assert steps(plan(state(ground, zebra, bgpd), state(ground, zebra, ospfd, other))) == [
        "delete r frr ospfd",
        "update r frr bgpd",
    ]
    lo = Address(namespace="r", interface="lo", address=ip_interface("192.0.2.1/32"))
    assert steps(plan(state(ground, zebra, lo), state(ground, zebra, ospfd))) == [
        "delete r frr ospfd",
        "create r address lo 192.0.2.1/32",
    ]


def test_what_has_outlived_its_zebra_is_started_again_after_it() -> None:
    ground = Namespace(name="r")
    zebra, bgpd = FrrDaemon(namespace="r", daemon="zebra"), FrrDaemon(namespace="r", daemon="bgpd", config=())
    planned = plan(state(ground, zebra, bgpd), state(ground, with_(bgpd, orphan=True)))
    assert steps(planned) == ["create r frr zebra", "replace r frr bgpd"]
    assert planned.operations[1].impact == "restart"
    assert planned.operations[1].reason == "its zebra has ended since it started"


SPEAKER = FrrDaemon(
    namespace="r1",
    daemon="bgpd",
    config=(
        "router bgp 64500",
        " neighbor 192.0.2.2 remote-as 64500",
        " neighbor 2001:db8::2 remote-as 64500",
        " neighbor 2001:db8:9::9 remote-as 64500",
        " neighbor 2001:db8:9::9 update-source lo",
        " address-family ipv6 unicast",
        "  neighbor 2001:db8::2 activate",
        "  neighbor 2001:db8:9::9 activate",
    ),
)
"""Sessions: with IPv4 alone over eth1, with IPv6 over eth1, with IPv6 from lo."""
SIX = TWO | state(address("r1", "2001:db8::1/64"), address("r1", "2001:db8:9::1/128", "lo"), SPEAKER)


def test_a_session_that_loses_the_ipv6_address_below_is_reset_and_the_plan_says_so() -> None:
    again = SIX | state(veth("r1", "r2", peer_name="eth9"))
    last = plan(again, SIX).operations[-1]
    assert (str(last), last.impact) == ("update r1 frr bgpd", "session")
    assert last.reason == "resets 2001:db8::2 (the address below is made again)"
    assert isinstance(last.desired, FrrDaemon)
    assert last.desired.reset == ("2001:db8::2",)


def test_a_reset_is_part_of_the_change_of_the_same_daemon() -> None:
    changed = with_(SPEAKER, config=(*(SPEAKER.config or ()), "  redistribute connected"))
    again = SIX | state(veth("r1", "r2", peer_name="eth9"), changed)
    (last,) = [o for o in plan(again, SIX).operations if o.key.kind == "frr"]
    assert last.reason == "lines: 1 to add, 0 to remove; resets 2001:db8::2 (the address below is made again)"
    assert (last.impact, len(last.details)) == ("session", 1)


def test_a_session_over_ipv4_that_carries_ipv6_depends_on_both_addresses() -> None:
    four = with_(SPEAKER, config=(*(SPEAKER.config or ()), "  neighbor 192.0.2.2 activate"))
    seen = SIX | state(four)
    wanted = {k: r for k, r in seen.items() if r != address("r1", "2001:db8::1/64")}
    wanted |= state(address("r1", "2001:db8::1/48"))
    (last,) = [o for o in plan(wanted, seen).operations if o.key.kind == "frr"]
    assert last.reason == "resets 192.0.2.2, 2001:db8::2 (the address below is made again)"


def test_a_session_without_a_next_hop_is_reset() -> None:
    seen = SIX | state(with_(SPEAKER, reset=("2001:db8::2",)))
    (only,) = plan(SIX, seen).operations
    assert (str(only), only.impact) == ("update r1 frr bgpd", "session")
    assert only.reason == "resets 2001:db8::2 (it has no next hop for it)"


def test_a_forwarding_entry_and_a_route_go_with_their_link() -> None:
    bridge = Bridge(namespace="r1", name="int_br7", mac="02:00:00:00:00:03", mtu=1500)
    vxlan = Vxlan(
        namespace="r1",
        name="vxlan7",
        vni=7,
        local=ip_address("192.0.2.1"),
        master="int_br7",
        mtu=1500,
        mac="02:00:00:00:00:04",
    )
    entry = FdbEntry(namespace="r1", device="vxlan7", remote=ip_address("192.0.2.2"))
    route = Route(
        namespace="r1", prefix=ip_network("0.0.0.0/0"), via=ip_address("192.0.2.9"), interface="int_br7"
    )
    everything = state(namespace("r1"), bridge, vxlan, entry, route)
    assert steps(plan(state(namespace("r1")), everything)) == [
        "delete r1 vxlan vxlan7",
        "delete r1 bridge int_br7",
    ]
    assert steps(plan(everything, state(namespace("r1")))) == [
        "create r1 bridge int_br7",
        "create r1 vxlan vxlan7",
        "create r1 fdb vxlan7 192.0.2.2",
        "create r1 route 0.0.0.0/0",
    ]


POOL = [
    namespace("r1"),
    namespace("r2"),
    namespace("r3"),
    veth("r1", "r2"),
    veth("r1", "r2", mtu=1400),
    veth("r2", "r3", name="eth2"),
    address("r1", "192.0.2.1/24"),
    address("r2", "192.0.2.2/24"),
    address("r2", "192.0.2.3/24", "eth2"),
]
STATES = st.sets(st.sampled_from(range(len(POOL)))).map(
    lambda picked: state(*(POOL[n] for n in sorted(picked)))
)


@given(STATES, STATES)
def test_order_respects_requirements(wanted: Resources, seen: Resources) -> None:
    planned = plan(wanted, seen)
    assert all(m < n for n, operation in enumerate(planned.operations) for m in operation.requires)
    assert plan(wanted, seen) == planned


@given(STATES)
def test_planning_over_what_is_wanted_is_empty(wanted: Resources) -> None:
    assert not plan(wanted, wanted)


@pytest.mark.parametrize("n", range(6))
def test_every_operation_says_why(n: int) -> None:
    wanted = state(*POOL[n:])
    assert all(operation.reason for operation in plan(wanted, TWO).operations)


def test_lines_of_an_interface_made_with_them_reset_no_adjacency() -> None:
    lan = Bridge(namespace="r1", name="lan9", mac="02:00:5e:00:53:09", mtu=1500)
    before = FrrDaemon(namespace="r1", daemon="ospfd", config=("router ospf",))
    lines = ("interface lan9", " ip ospf passive", "router ospf")
    after = FrrDaemon(namespace="r1", daemon="ospfd", config=lines, after=(lan.key,))
    there = state(namespace("r1"), before)
    together = plan(state(namespace("r1"), after, lan), there).operations
    assert [o.impact for o in together] == ["hitless", "hitless"]
    late = plan(state(namespace("r1"), after, lan), there | state(lan))
    assert [(o.impact, o.reason) for o in late.operations] == [
        ("session", "lines: 2 to add, 0 to remove; resets adjacencies on lan9")
    ]


def test_a_vxlan_device_made_beside_changed_lines_is_no_interface_of_three_parts() -> None:
    """What a VXLAN device claims has four parts, and planning fell over them."""
    before = FrrDaemon(namespace="r1", daemon="bgpd", config=("router bgp 64496",))
    vxlan = Vxlan(
        namespace="r1",
        name="vxlan7",
        vni=7,
        local=ip_address("192.0.2.1"),
        master="",
        mtu=1500,
        mac="02:00:00:00:00:04",
    )
    lines = ("router bgp 64496", " neighbor 192.0.2.2 remote-as 64497")
    after = FrrDaemon(namespace="r1", daemon="bgpd", config=lines, after=(vxlan.key,))
    planned = plan(state(namespace("r1"), after, vxlan), state(namespace("r1"), before))
    assert steps(planned) == ["create r1 vxlan vxlan7", "update r1 frr bgpd"]


def lan(*addresses: str, via: str = "192.0.2.100") -> Resources:
    """Return a bridge of a node with addresses, and a default route by way of it."""
    bridge = Bridge(namespace="r1", name="lan", mac="02:00:5e:00:53:09", mtu=1500)
    route = Route(namespace="r1", prefix=ip_network("0.0.0.0/0"), via=ip_address(via), interface="lan")
    return state(namespace("r1"), bridge, route, *(address("r1", each, "lan") for each in addresses))


def test_a_route_is_made_again_where_its_interface_is_without_an_address_for_a_moment() -> None:
    """The kernel dropped it with the last address, and the change ended without it."""
    planned = plan(lan("192.0.2.1/25"), lan("192.0.2.1/24"))
    assert steps(planned) == [
        "delete r1 address lan 192.0.2.1/24",
        "create r1 address lan 192.0.2.1/25",
        "create r1 route 0.0.0.0/0",
    ]
    assert planned.operations[2].reason == "its interface is without an IPv4 address for a moment"


def test_a_route_is_left_alone_where_another_address_keeps_it() -> None:
    route = Key("route", "r1", "0.0.0.0/0")
    for wanted, seen in (
        (lan("192.0.2.1/25", "192.0.2.2/24"), lan("192.0.2.1/24", "192.0.2.2/24")),
        (lan("192.0.2.1/25", "192.0.2.2/24"), lan("192.0.2.1/24")),
        (lan("192.0.2.2/24"), lan("192.0.2.1/24")),
    ):
        assert route not in [operation.key for operation in plan(wanted, seen).operations]


def test_a_route_waits_for_the_address_that_leads_to_its_next_hop() -> None:
    """It was refused where the address had to wait for one of the same number to go."""
    assert steps(plan(lan("192.0.2.1/16", via="192.0.9.9"), lan("192.0.2.1/24"))) == [
        "delete r1 address lan 192.0.2.1/24",
        "create r1 address lan 192.0.2.1/16",
        "update r1 route 0.0.0.0/0",
    ]


def test_what_stands_on_an_interface_that_another_link_takes_over_is_made_again() -> None:
    """It vanished with the old link, and the change ended without it."""
    kept = address("r2", "192.0.2.2/24")
    seen = state(namespace("r1"), namespace("r2"), namespace("r3"), veth("r1", "r2"), kept)
    wanted = state(namespace("r1"), namespace("r2"), namespace("r3"), veth("r3", "r2"), kept)
    assert steps(plan(wanted, seen)) == [
        "delete r1 veth eth1",
        "create r3 veth eth1",
        "create r2 address eth1 192.0.2.2/24",
    ]


def test_nodes_come_as_people_count_them() -> None:
    resources = {one.key: one for one in (Namespace(name=f"r{n}") for n in (10, 2, 1, 11))}
    made = plan(resources, {})
    assert [operation.key.namespace for operation in made.operations] == ["r1", "r2", "r10", "r11"]
    gone = plan({}, resources)
    assert [operation.key.namespace for operation in gone.operations] == ["r1", "r2", "r10", "r11"]


def test_a_namespace_of_another_runtime_is_made_anew_with_all_that_is_in_it() -> None:
    desired = TWO | state(Namespace(name="r1", runtime="other"))
    planned = plan(desired, TWO | state(Bridge(namespace="r1", name="old", mac="", mtu=1500)))
    assert [(str(o), o.impact) for o in planned.operations] == [
        ("replace r1 namespace", "outage"),
        ("create r1 veth eth1", "hitless"),
        ("create r1 address eth1 192.0.2.1/24", "hitless"),
        ("create r2 address eth1 192.0.2.2/24", "outage"),
    ]
    assert planned.operations[0].reason == "runtime is the lab's default, wanted other"
    assert not plan(desired, desired)
