"""Who has an underlay address, and which."""

import pytest

from nlan.services.router.model import Router

from ..conftest import Load, Problems

PTN = "ptn: {{w: {{links: {{local_ip: {own}}}, l2vpn: {{vni: 1, peers: {other}, ip: 192.0.2.{n}/24}}}}}}"


def test_short_form_with_tunnels_in_full_needs_no_placeholder(read: Load) -> None:
    ends = [PTN.format(own=f"10.10.10.{n}", other=f"10.10.10.{3 - n}", n=n) for n in (1, 2)]
    loaded = read(f"nodes: {{a: {{{ends[0]}}}, b: {{underlay: 10.10.10.2, {ends[1]}}}}}")
    assert str(loaded.lab.underlay and loaded.lab.underlay.prefix) == "10.10.10.0/24"
    assert all(node.attached for node in loaded.lab.nodes)


def test_placeholder_in_a_comment_wires_nothing(read: Load) -> None:
    loaded = read("nodes: [a, b]  # ${a}\n# ${b}\n")
    assert loaded.lab.underlay is None


def test_session_may_run_over_the_underlay(read: Load) -> None:
    node = "  {}: {{asn: {}, bgp: {{peers: [{{peer: '${{{}}}'}}]}}}}\n"
    loaded = read("nodes:\n" + node.format("a", 64496, "b") + node.format("b", 64497, "a"))
    assert loaded.warnings == ()
    found = [node.get(Router).bgp.peers[0] for node in loaded.lab.nodes if node.get(Router).bgp]
    assert [(str(peer.address), peer.peer_asn) for peer in found] == [
        ("10.10.10.2", 64497),
        ("10.10.10.1", 64496),
    ]


def test_underlay_of_ipv6_has_room_for_it(problems_of: Problems) -> None:
    pool = "pools: {underlay: '2001:db8:9::/64'}"
    (problem,) = problems_of(
        f"underlay_mtu: 1200\nmtu: 1000\n{pool}\nnodes: [a]\nnetworks: {{n: {{nodes: a}}}}"
    )
    assert problem.message == "an MTU of 1200 is too small for IPv6, which wants 1280 (RFC 8200)"


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ("10.10.10.5", "10.10.10.5", "10.10.10.5 is the underlay address of b and a"),
        ("10.10.10.5", "192.0.2.5/24", "192.0.2.5/24 of b is not on the underlay, which is 10.10.10.0/24"),
        ("10.10.10.5/16", "10.10.10.6", "which is 10.10.0.0/16"),
        ("2001:db8::5/64", "10.10.10.6", "which is 2001:db8::/64"),
    ],
)
def test_underlay_is_one_segment(a: str, b: str, said: str, problems_of: Problems) -> None:
    text = f"nodes: {{a: {{underlay: '{a}'}}, b: {{underlay: {b}}}}}\nnetworks: {{w: {{nodes: [a, b]}}}}"
    assert said in "".join(problem.message for problem in problems_of(text))
