"""Keys that somebody else contributes: read, suggested, documented like nlan's own."""

from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from nlan.errors import InputError, InternalError
from nlan.model import ServiceModel
from nlan.registry import Registry
from nlan.schema import docs, json_schema, load
from nlan.schema.resolving.contributors import CheckedLab, Contributor, contributors, vocabulary
from nlan.schema.resolving.drafts import NodeDraft
from nlan.schema.resolving.segments import Wiring
from nlan.schema.written import table
from nlan.schema.written.kinds import ListOf
from nlan.schema.written.numbers import Integer
from nlan.schema.written.scalars import Bool, Text
from nlan.schema.written.sections import Contribution, Key, Section
from nlan.services.base import Service, Stage

RATE = Key("rate_kbit", Integer(1, 10**6, "rate"), "Kbit/s.")
QUEUE = Section("a queue", "What slows packets down.", [RATE])
SHAPED = Key("shaped", Bool(), "Shape.")
OF_LINK = Key("queue", QUEUE, "The queue of both ends.")
QUEUES = Contribution(
    {
        "a node": [Key("vrf", ListOf(QUEUE), "Queues of the node."), SHAPED],
        "a link": [OF_LINK],
    },
    [QUEUE],
)


class Queues(ServiceModel, frozen=True, kw_only=True):
    key: ClassVar[str] = "queues"
    rates: dict[str, int] = msgspec.field(default_factory=dict)


class QueueService(Service):
    """A service that holds queues of the node's interfaces, by what links say."""

    name = "shaping"
    stage = Stage.SEGMENTS
    model = Queues

    def contribution(self) -> Contribution:
        return QUEUES

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Queues | None:
        rates = {}
        for segment, end in node.ends:
            queue = segment.written.get(OF_LINK)
            if queue is not None and (rate := queue.get(RATE)) is not None:
                wiring.settings.positions.put(queue.position(RATE), "node", node.name, "rate", end.interface)
                rates[end.interface] = rate
        return Queues(rates=rates) if rates else None

    def check(self, checked: CheckedLab) -> None:
        for node in checked.lab.nodes:
            for interface, rate in node.get(Queues).rates.items():
                if rate > 1000:
                    at = checked.positions.find("node", node.name, "rate", interface)
                    checked.report.warning(at, f"{rate} kbit/s is no queue of {node.name}")


SERVICES: tuple[Contributor, ...] = (*contributors(Registry(())), QueueService())
WITH_QUEUES = vocabulary(SERVICES)


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(Path("x.yaml"), text=text, services=SERVICES)
    return [f"{problem.path}: {problem.message} {problem.hint}".strip() for problem in caught.value.problems]


@pytest.mark.parametrize(
    "text",
    [
        "nodes: {r1: {shaped: true}}",
        "nodes: {r1: {Shaped: true, Vrf: {RateKbit: 1}}}",
        "r1: {Shaped: true}",
        "links: [{nodes: [r1, r2], queue: {rate_kbit: 10}}]",
    ],
)
def test_contributed_keys_are_read_in_both_spellings(text: str) -> None:
    assert load(Path("x.yaml"), text=text, services=SERVICES).warnings == ()
    with pytest.raises(InputError):
        load(Path("x.yaml"), text=text)


def test_wrong_values_of_contributed_keys_are_reported_where_they_stand() -> None:
    assert problems("links: [{nodes: [r1, r2], queue: {rate_kbit: 0}}]") == [
        "links[0].queue.rate_kbit: 0 is below 1, the smallest rate"
    ]


def test_contributed_keys_are_suggested() -> None:
    assert problems("nodes: {r1: {shapde: true}}") == [
        "nodes.r1.shapde: `shapde` is no key of a node did you mean `shaped`?"
    ]


def test_contributed_keys_are_in_the_json_schema_and_on_the_page() -> None:
    definitions = json_schema(WITH_QUEUES)["$defs"]
    assert "shaped" in definitions["node"]["properties"]
    assert definitions["link"]["properties"]["queue"]["$ref"] == "#/$defs/queue"
    assert "rate_kbit" in definitions["queue"]["properties"]
    page = docs.page(WITH_QUEUES)
    assert "| `rate_kbit`, `RateKbit` |" in page
    assert "`Vrf`" not in page.partition("not supported yet:")[2].partition("\n")[0]


def test_a_service_resolves_what_is_written_and_checks_it() -> None:
    text = "links:\n- nodes: [r1, r2]\n  queue: {rate_kbit: 2000}\nnodes: [r1, r2, r3]"
    loaded = load(Path("x.yaml"), text=text, services=SERVICES)
    assert loaded.lab.node("r1").get(Queues).rates == {"eth1": 2000}
    assert loaded.lab.node("r3").find(Queues) is None
    assert [(problem.line, problem.message) for problem in loaded.warnings] == [
        (3, "2000 kbit/s is no queue of r1"),
        (3, "2000 kbit/s is no queue of r2"),
    ]


def test_a_key_that_is_there_is_not_contributed_again() -> None:
    with pytest.raises(InternalError, match="`role` of a node is contributed, and is there already"):
        table.vocabulary([Contribution({"a node": [Key("role", Text(), "")]})])


def test_keys_go_to_sections_that_are() -> None:
    with pytest.raises(InternalError, match="no section is called `a nod`"):
        table.vocabulary([Contribution({"a nod": []})])


def test_a_service_whose_keys_clash_is_named() -> None:
    again = QueueService()
    again.name = "again"
    with pytest.raises(InternalError, match="the service again: `vrf` of a node is contributed"):
        vocabulary((*SERVICES, again))
