"""Addresses that a service says its nodes hold are checked with all others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from nlan.errors import InputError
from nlan.model import Node, ServiceModel
from nlan.model.codec import IpInterface
from nlan.model.segments import Segments
from nlan.registry import Registry
from nlan.schema import load
from nlan.schema.resolving.contributors import Contributor, Held, contributors
from nlan.schema.resolving.drafts import NodeDraft, Positions
from nlan.schema.resolving.segments import Wiring
from nlan.schema.syntax.report import values
from nlan.schema.written.addresses import Interface
from nlan.schema.written.kinds import ListOf
from nlan.schema.written.sections import Contribution, Key
from nlan.services.base import Service, Stage

KEY = Key("cable", ListOf(Interface()), "Addresses on the one cable.")
UPLINK = Key("uplink", Interface(), "Somebody's address, behind the cable.", own=False)


class Cable(ServiceModel, frozen=True, kw_only=True):
    key: ClassVar[str] = "cable"
    addresses: tuple[IpInterface, ...] = ()

    def taken(self) -> Iterator[tuple[str, str]]:
        yield "cable0", "the cable's"


class CableService(Service):
    """A stranger's: one cable that every node may be on."""

    name = "cable"
    stage = Stage.SEGMENTS
    model = Cable

    def contribution(self) -> Contribution:
        return Contribution({"a node": [KEY, UPLINK]})

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Cable | None:
        written = node.written.get(KEY)
        for item in written or ():
            wiring.settings.positions.put(item.at, "node", node.name, "cable", item.value)
        return None if written is None else Cable(addresses=values(written))

    def held(self, node: Node, segments: Segments, positions: Positions) -> Iterable[Held]:
        for value in node.get(Cable).addresses:
            at = positions.find("node", node.name, "cable", value)
            yield Held(value, node.name, node.name, "cable", at)


SERVICES: tuple[Contributor, ...] = (*contributors(Registry(())), CableService())


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(Path("x.yaml"), text=text, services=SERVICES)
    return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]


def test_an_address_is_on_a_segment_once() -> None:
    text = "nodes:\n  a: {cable: 192.0.2.1/24}\n  b:\n    cable: [192.0.2.1/24]\n"
    assert problems(text) == ["4: 192.0.2.1 at b stands at a too (line 2)"]


def test_an_interface_that_a_service_gives_is_taken() -> None:
    text = "nodes: {a: {cable: 192.0.2.1/24}, b: }\nlinks:\n- a:cable0 -- b\n"
    assert problems(text) == ["3: no end of a link can be called cable0: that is the cable's"]


@pytest.mark.parametrize(("key", "first"), [("cable", "192.0.2.5/30"), ("uplink", "192.0.2.1/30")])
def test_pools_are_kept_off_addresses_of_the_lab_s_own(key: str, first: str) -> None:
    text = f"pools: {{links: 192.0.2.0/28}}\nnodes: {{a: {{{key}: 192.0.2.1/30}}, b: }}\nlinks: a -- b\n"
    lab = load(Path("x.yaml"), text=text, services=SERVICES).lab
    assert str(lab.node("a").interfaces[0].addresses[0]) == first
