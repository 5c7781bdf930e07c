"""Whatever stands in a file, it becomes a lab or an `InputError`, and nothing else."""

from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from nlan.errors import InputError
from nlan.schema import json_schema, load, vocabulary
from nlan.schema.written import kinds, numbers, scalars, sections, table
from nlan.services.ptn import written as ptn

VOCABULARY = vocabulary()
WORDS = sorted({word for section in VOCABULARY.sections for word in VOCABULARY.spellings(section)})
NAMES = [
    "r1",
    "r2",
    "r[1-3]",
    "r1 -- r2",
    "r1 -- r2 -- r3",
    "${r1}",
    "${r9}",
    "auto",
    "l2vpn",
    "lan",
    "gobgp",
    "frr",
]
ADDRESSES = [
    "10.0.0.1",
    "10.0.0.1/24",
    "10.0.0.0/24",
    "10.1.0.0/30",
    "2001:db8::1/64",
    "2001:db8::/32",
    "0.0.0.0/0",
]
SCALARS = st.one_of(
    st.sampled_from([*NAMES, *ADDRESSES, "x", ""]),
    st.sampled_from([True, False, None, 0, 1, 2, -1, 1.5, 64496, 2**24, 2**32, 10**30]),
)
KEYS = st.sampled_from([*WORDS, *NAMES, *ADDRESSES, "64496"])
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=25,
)


def of(kind: kinds.Kind[Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Return values that a key of this kind might have, right ones and wrong ones."""
    match kind:
        case sections.Section():
            words = {key.name: of(key.kind, depth + 1) for key in VOCABULARY.keys(kind) if key.served}
            return st.fixed_dictionaries({}, optional=words) if depth < 7 else st.just({})
        case ptn.Networks():
            return of(kind.networks, depth)
        case kinds.MapOf():
            return st.dictionaries(of(kind.key, depth + 1), of(kind.value, depth + 1), max_size=2)
        case kinds.ListOf():
            return st.lists(of(kind.item, depth + 1), max_size=2)
        case kinds.Shapes():
            return st.one_of([of(inner, depth) for inner in kind.kinds.values() if inner])
        case scalars.Bool():
            return st.booleans()
        case numbers.Integer():
            return st.sampled_from([kind.low, kind.low + 1, 64496, kind.high])
        case scalars.Choice():
            return st.sampled_from(kind.words)
        case scalars.Text():
            return st.sampled_from(NAMES)
        case _:
            return st.sampled_from([*ADDRESSES, *NAMES])


NODES = st.dictionaries(st.sampled_from(["r1", "r2", "r3", "r[1-3]"]), of(table.NODE), max_size=3)
LABS = st.one_of(
    st.dictionaries(st.sampled_from([*VOCABULARY.spellings(table.LAB)]), TREES, max_size=6),
    of(table.LAB).map(lambda lab: lab | {"nodes": lab.get("nodes") or ["r[1-3]"]}),
    st.tuples(of(table.LAB), NODES).map(lambda both: both[0] | {"nodes": {"r[1-3]": {}} | both[1]}),
    NODES,
)


VALIDATOR = Draft202012Validator(json_schema())


def loads_or_says_why(text: str, *, fits: bool = False) -> None:
    try:
        found = len(load(Path("lab.yaml"), text=text).lab.nodes)
        assert not fits or VALIDATOR.is_valid(yaml.safe_load(text)), text
    except InputError as error:
        found = len([problem for problem in error.problems if problem.message])
    assert found > 0


@settings(deadline=None, max_examples=60)
@given(LABS)
def test_any_structure(lab: Any) -> None:
    loads_or_says_why(yaml.safe_dump(lab, sort_keys=False), fits=True)


@settings(deadline=None, max_examples=150)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"\\,#?$ \n\t1", max_size=60).filter(lambda text: "${" not in text))
def test_any_text(text: str) -> None:
    loads_or_says_why(text)
