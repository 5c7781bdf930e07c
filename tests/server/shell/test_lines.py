from typing import Any

import pytest

from tega.shell.lines import CallLine, UsageError, parse_call, parse_value, split_word, words


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("put a.b 1", ("put", "a.b 1")),
        ('a."10.0.0.1 x".b rest', ('a."10.0.0.1 x".b', "rest")),
        (r"operational-(\w*)\.ip", (r"operational-(\w*)\.ip", "")),
        ("  ", ("", "")),
    ],
)
def test_words_hold_together_where_quoted(line: Any, expected: Any) -> None:
    assert split_word(line) == expected


def test_all_words() -> None:
    assert words('log a."b c" 5') == ["log", 'a."b c"', "5"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a.b.f(1, k='v')", CallLine("a.b.f", [1], {"k": "v"})),
        ("f()", CallLine("f", [], {})),
        ('a."x.y".f([1, {"k": null}], true)', CallLine('a."x.y".f', [[1, {"k": None}], True], {})),
        ("plugins.ipam('10.0.0.1', 'pe1')", CallLine("plugins.ipam", ["10.0.0.1", "pe1"], {})),
        ("get a", None),
        ("nonsense", None),
    ],
)
def test_calls(line: Any, expected: Any) -> None:
    if expected and "null" in line:
        with pytest.raises(UsageError):
            parse_call(line)
        return
    assert parse_call(line) == expected


@pytest.mark.parametrize("line", ["f(pe1)", "f(**{})", "f(1 2)", "f(g())", "f(__import__('os'))", "f()(1)"])
def test_what_is_no_literal_is_refused(line: Any) -> None:
    with pytest.raises(UsageError):
        parse_call(line)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("a: 1\nb: [x, y]", {"a": 1, "b": ["x", "y"]}),
        ("", None),
        ("10: x\ntrue: y", {"10": "x", "true": "y"}),
        ("2024-01-02", "2024-01-02"),
        ("10.0.0.1", "10.0.0.1"),
        ("2024-13-45", "2024-13-45"),
        ("52:54:00:12:34:56", "52:54:00:12:34:56"),
        ("{52:54:00:12:34:56: [1:30.5, 0x1f, 1.5]}", {"52:54:00:12:34:56": ["1:30.5", 31, 1.5]}),
    ],
)
def test_values_are_yaml(text: str, value: Any) -> None:
    assert parse_value(text) == value


@pytest.mark.parametrize(
    "text",
    ["a: [", "!!python/object:os.system x", "!!binary aGk=", "!!set {a}", "!!int ''", "!!bool x", "9" * 5000],
)
def test_a_value_without_a_json_form_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_value(text)
