"""Paths and patterns: text to segments and back, limits, what a pattern touches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tega.errors import InvalidPath
from tega.paths import (
    CACHED,
    MAX_DEPTH,
    MOST_CACHED,
    format_path,
    keep,
    overlap,
    parse_path,
    to_path,
)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ()),
        ("config-pe1.Ptn.wan.L2Vpn", ("config-pe1", "Ptn", "wan", "L2Vpn")),
        ('a."10.0.0.1/24".b', ("a", "10.0.0.1/24", "b")),
        ('"a b"', ("a b",)),
        (r'"say \"hi\"".x', ('say "hi"', "x")),
        (r'"back\\slash\u0007"', ("back\\slash\x07",)),
        ("ip.eth0/1", ("ip", "eth0/1")),
        ("größe.日本", ("größe", "日本")),
        (r'"\ud83d\ude00 é"', ("😀 é",)),
    ],
)
def test_text_is_read(text: str, path: tuple[str, ...]) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a..b", "cannot read '.' at character 3"),
        (".a", "cannot read '.' at character 1"),
        ("a.", "a segment is missing at the end"),
        ("a b", "cannot read ' ' at character 2"),
        ('a."b', "cannot read '\"' at character 3"),
        ('a.""', "the segment at character 3 is empty"),
        ("a.*", "cannot read '*' at character 3"),
        ('"a"b', "cannot read 'b' at character 4"),
        (r'a."\ud800"', "half of a surrogate pair"),
        ("a.\udcff", "half of a surrogate pair"),
    ],
)
def test_what_is_no_path_is_refused_with_its_place(text: str, wanted: str) -> None:
    with pytest.raises(InvalidPath) as caught:
        parse_path(text)
    assert wanted in str(caught.value)


def test_path_of_a_million_segments_is_refused() -> None:
    with pytest.raises(InvalidPath, match="characters"):
        parse_path(".".join("a" * 1_000_000))
    with pytest.raises(InvalidPath, match="1000000 segments"):
        to_path(("a",) * 1_000_000)
    with pytest.raises(InvalidPath, match=f"at most {MAX_DEPTH}"):
        parse_path(".".join("a" * (MAX_DEPTH + 1)))
    assert len(parse_path(".".join("a" * MAX_DEPTH))) == MAX_DEPTH


@pytest.mark.parametrize("path", [("a", ""), ("a", 1), (None,), ("\ud800",)])
def test_segments_are_text_and_not_empty(path: tuple[object, ...]) -> None:
    with pytest.raises(InvalidPath):
        to_path(path)  # type: ignore[arg-type]


@given(st.lists(st.text(min_size=1, max_size=8), max_size=5).map(tuple))
def test_every_path_survives_its_text(path: tuple[str, ...]) -> None:
    assert parse_path(format_path(path)) == path


def test_overlap_is_at_below_and_above() -> None:
    assert overlap(("a", "b"), ("a", "b"))
    assert overlap(("a",), ("a", "b"))
    assert overlap(("a", "b"), ("a",))
    assert not overlap(("a", "b"), ("a", "c"))


def test_results_that_are_kept_are_few_and_short() -> None:
    kept: dict[str, int] = {}
    for number in range(MOST_CACHED + 1):
        assert keep(kept, f"k{number}", 2, number) == number
    assert kept == {f"k{MOST_CACHED}": MOST_CACHED}
    assert keep(kept, "long", CACHED + 1, 7) == 7
    assert "long" not in kept
