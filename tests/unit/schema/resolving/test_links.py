"""What links and peers are told, and by which words."""

from nlan.services.router.model import Router

from ..conftest import Load, Problems


def test_end_of_a_ring_may_be_special(read: Load, problems_of: Problems) -> None:
    loaded = read("ospf: true\nlinks: [{ring: [a, b, c], ends: {a: {cost: 5}}}]")
    router = loaded.lab.node("a").find(Router)
    assert router is not None
    assert router.ospf is not None
    assert [interface.cost for interface in router.ospf.interfaces] == [5, 5]
    (problem,) = problems_of("links: [{ring: [a, b, c], ends: {d: {cost: 5}}}]")
    assert problem.message == "`d` is no end of this link"


def test_neighbor_of_the_service_may_be_a_node(read: Load) -> None:
    loaded = read(
        "nodes:\n  a:\n    router:\n      bgp: {64496: {neighbors: {node: b, next_hop_self: true}}}\n"
        "  b: {asn: 64496}\nlinks: [a -- b]\n"
    )
    a, b = (node.get(Router).bgp.peers for node in loaded.lab.nodes if node.get(Router).bgp)
    assert [(str(peer.address), peer.peer_asn, peer.next_hop_self) for peer in a] == [
        ("10.1.0.2", 64496, True)
    ]
    assert [(str(peer.address), peer.description) for peer in b] == [("10.1.0.1", "a")]
    assert loaded.warnings == ()
