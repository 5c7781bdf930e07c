"""What comes from the table: the JSON Schema and the reference page."""

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from nlan.schema import docs, json_schema, load, vocabulary
from support import FULL_FORM, OLDER

ROOT = Path(__file__).parents[4]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
GOOD = [
    path
    for path in sorted((ROOT / "tests/cases/schema").glob("*/input.yaml"))
    if "{%" not in path.read_text()
]


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", EXAMPLES + GOOD, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_good_files_fit_the_schema(path: Path, validator: Any) -> None:
    validator.validate(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize("path", [*FULL_FORM.glob("*.yaml"), *OLDER], ids=lambda path: path.stem)
def test_files_in_the_full_form_fit_the_schema(path: Path, validator: Any) -> None:
    text = re.sub(r"\$\{\w+\}", "192.0.2.1", path.read_text())  # bare in a list, no YAML yet
    validator.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        "nodes: {r1: {hots: 1}}",
        "nodes: [r1]\nlinsk: []",
        "pe1: {Ptn: {wan: {L2Vpn: [{Vni: 16777216}]}}}",
        "pe1: {Roter: {}}",
        "nodes: [r1]\ntimers: fast",
        "nodes: {r1: {asn: 1, Asn: 1}}",
        "nodes: {r1: {loopback: null}}",
        "nodes: {r1: {loopback: x}}",
        "nodes: {r1: {hosts: {x: 1}}}",
        "nodes: {r1: {limits: {memory: x}}}",
        "nodes: {r1: {router: {bgp: {x: {}}}}}",
        "nodes: {r1: {router: {ospf: [{networks: 192.0.2.0/24}]}}}",
        "nodes: {r1: {bgp: {hold_time_s: 1}}}",
        "nodes: {r1: {bgp: {password: two words}}}",
        "nodes: [r1]\nnetworks: {n: }",
        "nodes: [r1]\nnetworks: {'n n': {nodes: r1}}",
        "nodes: ['-r1']",
        "nodes: {r1/2: {asn: 1}}",
        "links: [r1 - r2]",
        "links: [{link: r1--r2}]",
        "nodes: {r1: {asn: 23456}}",
        "nodes: {r1: {ospf: maybe}}",
        "nodes: {r1: {sysctls: {kernel.hostname: x}}}",
    ],
)
def test_wrong_files_do_not_fit(text: str, validator: Any) -> None:
    assert not validator.is_valid(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        "pe1: {ptn: {networks: [{id: wan, l2vpn: [{vni: 1}]}]}}",
        "nodes: [r1]\nnetworks: {n: {type: LAN, nodes: r1}}",
        "nodes: [on]",
        "nodes: {r1: {forwarding: yes, route_reflector: Off}}",
        "x-common: {anything: [1]}\nnodes: {r1: {x-note: why}}",
        "links: [' r1 -- r[2-3], r4 -- r5 ']\nnodes: ['r[1-3], r4', r5]",
        "nodes: {r1: {asn: AUTO, limits: {cpus: '0.5', memory: 64 MiB}, bgp: {password: off}}}",
        "nodes: {r1: {routes: {192.0.2.0/25: '${r1}'}, ospf: 1, loopback: [192.0.2.1]}}",
        "nodes: {r1: }\npools: {links: [10.0.0.0/8, '2001:db8::/32']}",
    ],
)
def test_whatever_loads_fits(text: str, validator: Any) -> None:
    load(Path("lab.yaml"), text=text)
    validator.validate(yaml.safe_load(text))


def test_editors_are_offered_one_spelling_of_each_key() -> None:
    offered = {word for definition in json_schema()["$defs"].values() for word in definition["properties"]}
    assert "local_ip" in offered
    assert not [word for word in offered if word != word.lower()]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_load_without_a_warning(path: Path) -> None:
    assert load(path).warnings == ()


def test_reference_page_is_up_to_date() -> None:
    """Write it anew: ``python -m nlan.schema.docs > docs/reference/file.md``."""
    assert (ROOT / "docs/reference/file.md").read_text(encoding="utf-8") == docs.page(vocabulary())
