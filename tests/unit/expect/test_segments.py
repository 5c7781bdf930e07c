"""What is known of segments: by the model, and by the services whose ports are on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from nlan.expect.segments import Port, Topology, topology
from nlan.model import Lab, Node, ServiceModel
from nlan.model.service import End, Segment
from nlan.services.base import Service, Stage


class Beams(ServiceModel, frozen=True, kw_only=True):
    """A stranger's: an interface on a segment that all nodes with one share."""

    key: ClassVar[str] = "beams"
    mtu: int = 1500
    seen_by: frozenset[str] | None = None

    @classmethod
    def segments(cls, lab: Lab) -> Iterator[tuple[End, Segment]]:
        return (((node.name, "beam"), "air") for node in lab.nodes if node.find(cls))


class BeamsService(Service):
    name = "beams"
    stage = Stage.SEGMENTS
    model = Beams

    def ports(self, lab: Lab) -> Iterator[Port]:
        for node in lab.nodes:
            beams = node.get(Beams)
            yield Port(node.name, "beam", beams.mtu, beams.seen_by)


def known(**nodes: Beams) -> Topology:
    lab = Lab(name="lab", nodes=tuple(Node(name=name, services=(held,)) for name, held in nodes.items()))
    return topology(lab, services=[BeamsService()])


ALL = {("a", "beam"), ("b", "beam"), ("c", "beam")}


def test_ports_are_on_the_segment_that_the_model_names() -> None:
    found = known(a=Beams(), b=Beams(), c=Beams())
    assert found.segments == dict.fromkeys(ALL, "air")
    assert (found.floods, found.mtus) == ({}, {})
    assert found.is_meshed(ALL)


def test_ports_whose_mtus_differ_are_known() -> None:
    found = known(a=Beams(), b=Beams(mtu=1400))
    assert found.mtus == {"air": {("a", "beam"): 1500, ("b", "beam"): 1400}}


@pytest.mark.parametrize(("seen_by", "is_meshed"), [({"b", "c"}, True), ({"b"}, False), ((), False)])
def test_a_segment_is_a_mesh_where_each_floods_to_each(seen_by: set[str], is_meshed: bool) -> None:
    found = known(a=Beams(seen_by=frozenset(seen_by)), b=Beams(), c=Beams())
    assert found.is_meshed(ALL) == is_meshed
