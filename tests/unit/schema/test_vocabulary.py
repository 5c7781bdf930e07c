"""Keys that somebody else contributes: read, suggested, documented like nlan's own."""

from pathlib import Path

import pytest

from nlan.errors import InputError, InternalError
from nlan.schema import docs, json_schema, load
from nlan.schema.written import table
from nlan.schema.written.kinds import ListOf
from nlan.schema.written.numbers import Integer
from nlan.schema.written.scalars import Bool, Text
from nlan.schema.written.sections import Contribution, Key, Section

QUEUE = Section(
    "a queue", "What slows packets down.", [Key("rate_kbit", Integer(1, 10**6, "rate"), "Kbit/s.")]
)
QUEUES = Contribution(
    {
        "a node": [Key("dvr", ListOf(QUEUE), "Queues of the node."), Key("shaped", Bool(), "Shape.")],
        "a link": [Key("queue", QUEUE, "The queue of both ends.")],
    },
    [QUEUE],
)
WITH_QUEUES = table.vocabulary([QUEUES])


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(Path("x.yaml"), text=text, vocabulary=WITH_QUEUES)
    return [f"{problem.path}: {problem.message} {problem.hint}".strip() for problem in caught.value.problems]


@pytest.mark.parametrize(
    "text",
    [
        "nodes: {r1: {shaped: true}}",
        "nodes: {r1: {Shaped: true, Dvr: {RateKbit: 1}}}",
        "r1: {Shaped: true}",
        "links: [{nodes: [r1, r2], queue: {rate_kbit: 10}}]",
    ],
)
def test_contributed_keys_are_read_in_both_spellings(text: str) -> None:
    assert load(Path("x.yaml"), text=text, vocabulary=WITH_QUEUES).warnings == ()
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
    assert "`Dvr`" not in page.partition("not supported yet:")[2].partition("\n")[0]


def test_a_key_that_is_there_is_not_contributed_again() -> None:
    with pytest.raises(InternalError, match="`asn` of a node is contributed, and is there already"):
        table.vocabulary([Contribution({"a node": [Key("asn", Text(), "")]})])


def test_keys_go_to_sections_that_are() -> None:
    with pytest.raises(InternalError, match="no section is called `a nod`"):
        table.vocabulary([Contribution({"a nod": []})])
