"""What a file may ask for at most, and what is said at most of one that is wrong."""

import pytest

from nlan.schema import loading
from nlan.schema.syntax.report import LONGEST

from .conftest import Load, Problems

RANGE = "1-99999"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'nodes: ["a[{RANGE}{f",{RANGE}" * 999}]"]', "stands for more than 100000 names"),
        (f'nodes: "a[{RANGE}]{f", b[{RANGE}]" * 999}"', "stands for more than 100000 names"),
        ("nodes: [" + ", ".join(f"'a{n}x[{RANGE}]'" for n in range(999)) + "]", "more than 100000 nodes"),
        ("ipv4: false\nipv6: true\nnodes: {'r[1-999]': {hosts: 65534}}", "more than 100000 hosts"),
    ],
)
def test_a_few_signs_do_not_ask_for_millions(text: str, said: str, problems_of: Problems) -> None:
    (problem,) = problems_of(text)
    assert said in problem.message
    assert len(problem.message) <= LONGEST


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    ["nodes: '" + "a," * 300_000 + "b'", "nodes: [a]\nlinks: ['a" + " " * 300_000 + "b']"],
    ids=["commas", "blanks"],
)
def test_long_words_cost_no_more_than_they_are_long(text: str, problems_of: Problems) -> None:
    assert problems_of(text)


@pytest.mark.timeout(20)
def test_full_mesh_of_sessions_is_looked_at_once(read: Load) -> None:
    loaded = read("asn: 64496\nospf: true\nnodes: 'r[1-250]'\nlinks: [{line: 'r[1-250]'}]")
    assert loaded.warnings == ()


def test_reading_ends_at_so_many_errors(problems_of: Problems) -> None:
    text = "\n".join(f"key{number}: 1" for number in range(50_000))
    *problems, last = problems_of(text)
    assert len(problems) == loading.PROBLEMS_MAX
    assert last.message == f"the reading ends here, at {loading.PROBLEMS_MAX} errors"


def test_one_prefix_on_many_segments_is_said_once_for_each(read: Load) -> None:
    links = "\n".join(
        f"- {{nodes: [r{n}, s{n}], prefix: 192.0.2.0/29, ends: {{r{n}: 192.0.2.{n + 1}/29, "
        f"s{n}: 192.0.2.{n + 4}/29}}}}"
        for n in range(3)
    )
    links += "\n- r0 -- r1 -- r2"
    said = [warning.message for warning in read(f"links:\n{links}\n").warnings]
    assert len([message for message in said if "two segments" in message]) == 2


def test_what_stands_there_is_said_in_one_line(problems_of: Problems) -> None:
    (problem,) = problems_of('nodes: {r1: {mtu: "a\\n\\eb"}}')
    assert problem.message == r"`a\n\x1bb` is not a whole number from 68 to 65535"


def test_many_nodes_and_many_hosts_are_read(read: Load) -> None:
    assert len(read("nodes: {'r[1-200]': {hosts: 100}}").lab.nodes) == 200
