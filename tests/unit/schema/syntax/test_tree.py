"""YAML to a tree, and what is no tree."""

import re
from pathlib import Path

import pytest

from nlan.errors import InputError
from nlan.schema import load, vocabulary
from nlan.schema.syntax import tree as trees
from nlan.schema.syntax.report import Report
from nlan.schema.syntax.source import SIZE_MAX
from nlan.schema.syntax.tree import Map, Scalar, Seq, parse_tree

from ..conftest import Problems


def test_lines_and_columns_count_from_one() -> None:
    report = Report("f")
    tree = parse_tree("a: [1,\n  é: x]\n", report)
    assert isinstance(tree, Map)
    (key, value), *_ = tree.entries
    assert (key, value.line, value.column) == (Scalar("a", True, 1, 1), 1, 4)
    assert isinstance(value, Seq)
    assert isinstance(value.items[1], Map)
    assert value.items[1].entries[0][1] == Scalar("x", True, 2, 6)
    assert not report.failed


def test_python_parser_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    text = "a: &x {b: [1, 'two', ~]}\nc: *x\nd: {<<: *x, e: f}\ng: |\n  h\n  é\n"
    fast = parse_tree(text, Report("f"))
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert parse_tree(text, Report("f")) == fast


def test_deep_nesting_is_refused(problems_of: Problems) -> None:
    (problem,) = problems_of("a: " + "[" * 5000 + "]" * 5000)
    assert "nested deeper" in problem.message
    assert problem.line == 1


def test_deep_nesting_by_aliases_is_refused(problems_of: Problems) -> None:
    deeper = "".join(f"a{i}: &a{i} [[[*a{i - 1}]]]\n" for i in range(1, 400))
    (problem,) = problems_of(f"a0: &a0 [r1]\n{deeper}nodes: *a399\n")
    assert "nested deeper" in problem.message
    assert problem.line == 21


def test_aliases_beside_each_other_are_not_deep() -> None:
    report = Report("f")
    text = "a0: &a0 [[[r1]]]\n" + "".join(f"a{i}: &a{i} [*a0, x]\n" for i in range(1, 200))
    assert parse_tree(text, report) is not None
    assert not report.failed


def test_key_that_stands_twice_is_spelled_as_written(problems_of: Problems) -> None:
    said = [problem.message for problem in problems_of("a:\n  ${b}: 1\n  ${b}: 2\n")]
    assert "the key `${b}` is defined twice; the first is in line 2" in said


def test_octet_behind_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + "é".encode() * 3 + b"\xff")
    with pytest.raises(InputError, match="yaml:1:4: error: the byte 0xff is not UTF-8"):
        load(path)


def test_file_name_that_none_can_have_is_said(problems_of: Problems) -> None:
    (problem,) = problems_of('nodes: {r1: {frr: {file: "a\\0b"}}}\n')
    assert re.search("the file cannot be read: .*embedded null", problem.message)


def test_merge_bomb_is_refused(problems_of: Problems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "NODES_MAX", 1000)
    keys = ", ".join(f"k{number}: 1" for number in range(100))
    (problem,) = problems_of(f"a: &a {{{keys}}}\n" + "".join(f"b{i}: {{<<: *a}}\n" for i in range(10)))
    assert "grows above 1000 values" in problem.message


def test_file_above_the_limit_is_not_parsed(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(10 * 2**20)
    with pytest.raises(InputError, match="larger than 8 MiB"):
        load(path)


def test_text_above_the_limit_is_not_parsed(problems_of: Problems) -> None:
    (problem,) = problems_of("#" * (SIZE_MAX + 1))
    assert "longer than" in problem.message


def test_directory_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this is a directory"):
        load(tmp_path)
    (tmp_path / "wan.yaml").touch()
    with pytest.raises(InputError, match=r"there is no such file \(did you mean `wan.yaml`\?\)"):
        load(tmp_path / "wann.yaml")


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="the file cannot be read: Not a directory"):
        load(tmp_path / "file" / "lab.yaml")


def test_every_key_is_read_in_both_spellings() -> None:
    known = vocabulary()
    for section in known.sections:
        words = known.spellings(section)
        for key in known.keys(section):
            assert words[key.name] is words[key.camel] is key
