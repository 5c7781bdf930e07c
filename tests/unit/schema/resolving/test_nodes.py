"""Which nodes there are, and what speaks of each."""

import pytest

from nlan.services.router.model import Router
from nlan.services.vhosts.model import Vhosts

from ..conftest import Load, Problems


@pytest.mark.parametrize("text", ["links:", "links: null", "links: ~"])
def test_nothing_is_no_node(text: str, problems_of: Problems) -> None:
    assert [problem.message for problem in problems_of(text)] == ["the lab has no nodes"]


def test_ranges_of_one_line_all_speak(read: Load) -> None:
    (node,) = read("nodes: [{'r[1-1]': {asn: 64496}}, {'r[1-1]': {hosts: 1}}]").lab.nodes
    assert node.find(Router) is not None
    assert node.get(Router).bgp is not None
    assert len(node.get(Vhosts).lans) == 1


def test_single_name_of_the_original_wins_over_a_range(read: Load) -> None:
    loaded = read("pe2: {Hosts: 2, Underlay: 10.10.10.8}\n'pe[1-2]': {Hosts: 1, Underlay: 10.10.10.9}\n")
    found = {
        node.name: (len(node.get(Vhosts).lans[0].hosts), str(node.underlay)) for node in loaded.lab.nodes
    }
    assert found == {"pe1": (1, "10.10.10.9/24"), "pe2": (2, "10.10.10.8/24")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pe[1-4: {Router: {}}\npe9: {Router: {}}", "`pe[1-4` is not a name or a range"),
        (
            "pe1: {Router: {}}\n'pe1, pe2': {Router: {}}",
            "the node `pe1` is defined twice; the first is in line 1",
        ),
        ("nodes: {r1: {asn: 1, router: {bgp: {100: {}}}}}", "this one says 1 and 100"),
    ],
)
def test_what_would_be_dropped_is_said(text: str, said: str, problems_of: Problems) -> None:
    (problem,) = problems_of(text)
    assert said in problem.message
