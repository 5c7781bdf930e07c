"""What comes from the table: the JSON Schema and the reference page."""

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from nlan.schema import docs, json_schema, load

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
GOOD = [
    path
    for path in sorted((ROOT / "tests/cases/schema").glob("*/input.yaml"))
    if "{%" not in path.read_text()
]
COMPAT = ROOT.parent / "shared" / "compat"


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", EXAMPLES + GOOD, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_good_files_fit_the_schema(path: Path, validator: Any) -> None:
    validator.validate(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize("name", ["ptn-bgp.yaml", "ptn-ospf.yaml"])
def test_original_files_fit_the_schema(name: str, validator: Any) -> None:
    if not (COMPAT / name).exists():
        pytest.skip(f"{name}: the original state file is not beside this repository")
    text = re.sub(r"\$\{\w+\}", "192.0.2.1", (COMPAT / name).read_text())  # bare in a list, no YAML yet
    validator.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        "nodes: {r1: {hots: 1}}",
        "nodes: [r1]\nlinsk: []",
        "pe1: {Ptn: {wan: {L2Vpn: [{Vni: 16777216}]}}}",
        "pe1: {Roter: {}}",
        "nodes: [r1]\ntimers: fast",
    ],
)
def test_wrong_files_do_not_fit(text: str, validator: Any) -> None:
    assert not validator.is_valid(yaml.safe_load(text))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_load_without_a_doubt(path: Path) -> None:
    assert load(path).warnings == ()


def test_reference_page_is_up_to_date() -> None:
    """Write it anew: ``python -m nlan.schema.docs > docs/reference/file.md``."""
    assert (ROOT / "docs/reference/file.md").read_text(encoding="utf-8") == docs.page()
