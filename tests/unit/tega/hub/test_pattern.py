"""Regular expressions and globs from outside."""

import time

import pytest

from tega.errors import InvalidPattern
from tega.hub import access
from tega.hub.access import FULL
from tega.hub.pattern import Expression, glob_pattern, regex_pattern, star_expression
from tega.hub.reading import select
from tega.tree import build
from unit.tega.serving import Talker, hubbing, run

TREE = {
    "r-a": {"a": {"x": 1, "y": 2}, "b": {"x": 4}},
    "r-b": {"a": {"x": 1}, "b": {"x": 4}},
    "s": {"r-a": 1, "10.0.0.1": {"x": 1}},
}


def found(pattern, who=FULL, tree=TREE):
    return {".".join(one[0]): one[2] for one in select(build(tree, 1), pattern, who) if one is not None}


def test_an_expression_is_matched_by_segment_and_its_groups_are_kept_by_segment():
    assert found(regex_pattern("r-(.*)")) == {"r-a": (("a",),), "r-b": (("b",),)}
    assert found(regex_pattern(r"(r)-(.*)\.(.*)")) == {
        "r-a.a": (("r", "a"), ("a",)),
        "r-a.b": (("r", "a"), ("b",)),
        "r-b.a": (("r", "b"), ("a",)),
        "r-b.b": (("r", "b"), ("b",)),
    }
    assert found(regex_pattern(r"r-.\.(b)\.x")) == {"r-a.b.x": (("b",),), "r-b.b.x": (("b",),)}
    assert found(regex_pattern(r"s\.10[.]0[.]0[.]1\.(x)(y)?")) == {"s.10.0.0.1.x": (("x", ""),)}
    assert found(regex_pattern(r"r\-a\.b")) == {"r-a.b": ()}
    assert found(regex_pattern(r"r")) == {}


def test_a_glob_catches_what_its_stars_stand_for():
    assert found(glob_pattern("r-*.a")) == {"r-a.a": ("a",), "r-b.a": ("b",)}
    assert found(glob_pattern('s."10.0.0.1".*')) == {"s.10.0.0.1.x": ("x",)}
    assert found(glob_pattern("**.y")) == {"r-a.a.y": ("r-a.a",)}
    assert set(found(glob_pattern("**.**"))) == set(found(glob_pattern("**")))
    assert found(glob_pattern("")) == {"": ()}
    assert star_expression("*a*a").fullmatch("éaba") == ("é", "b")
    assert star_expression("a+*").fullmatch("a+\n") == ("\n",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(?=a)b", r"look-around \(\(\?=…\) is not known here"),
        ("a(?!b)", "look-around"),
        ("(?<=a)b", "look-around"),
        (r"(a)\1", r"a back reference \(\\1\) is not known"),
        (r"(?P<n>a)(?P=n)", "which lack some of what others know"),
        (r"a\Z", "which lack some"),
        ("a{2000}", "which lack some"),
        ("a++", "which lack some"),
        ("(", r"missing \)"),
        ("[a", r"missing \]"),
        ("*", "no argument for repetition operator"),
        ("x" * 1025, "1025 characters; 1024 are allowed"),
        ("(((a{30}){30}){30})", "lack some"),
        (r"(((\w\W){9}){9}){9}", "too large"),
        (r"a\.", "a segment is empty; .* is any"),
        ("", "a segment is empty"),
        (r"(a\.b)", r"a dot in a key is \[\.\]"),
        (r"a\.(", r"'a\\\\\.\(' is no regular expression"),
        (r"\.".join("a" * 101), "101 segments"),
    ],
)
def test_what_cannot_be_matched_is_refused_with_the_reason(text, said):
    with pytest.raises(InvalidPattern, match=said):
        regex_pattern(text)


@pytest.mark.parametrize("text", ["a..b", '"a', "x" * 1025, ".".join("*" * 101)])
def test_a_glob_that_cannot_be_read_is_refused(text):
    with pytest.raises(InvalidPattern):
        glob_pattern(text)


@pytest.mark.parametrize("text", [r"[^\.]+", r"[]\.]x", r"[^]\.]x", r"(a|b)\.c", r"\[\.\]"])
def test_the_dots_between_segments_are_those_outside_of_sets(text):
    assert len(regex_pattern(text).segments) == (1 if text.startswith("[") else 2)


@pytest.mark.parametrize(
    "text", [r"((\w{0,8}){0,8}){0,8}!", "(a+)+b", "(a|aa)*c", "(.*.*.*.*)*!", "(x+x+)+y"]
)
def test_no_pattern_takes_for_ever(text):
    expression = Expression(text)
    start = time.process_time()
    for sign in "ax":
        assert expression.fullmatch(sign * 2000) is None
    assert time.process_time() - start < 1


def test_what_may_not_be_read_is_not_matched(monkeypatch):
    asked = []
    real = Expression.fullmatch

    def watched(self, text):
        asked.append(text)
        return real(self, text)

    monkeypatch.setattr(Expression, "fullmatch", watched)
    pattern = regex_pattern(r".*\..*")
    assert found(pattern, access()) == {}
    assert asked == []
    assert found(pattern, access(read=["r-a.b", "s.r-*"])) == {"r-a.b": (), "s.r-a": ()}
    assert set(asked) == {"r-a", "b", "s"}


def test_many_children_come_in_their_order():
    tree = {f"k{i * 7919 % 1000}": i for i in range(1000)}
    assert list(found(regex_pattern("(k.*)"), tree=tree)) == list(tree)


def test_a_client_that_asks_for_what_cannot_be_is_told_at_once():
    async def work():
        async with hubbing() as hub:
            talker = Talker(hub)
            for message in (
                {"op": "select", "pattern": "(?=a)b"},
                {"op": "subscribe", "path": "(?=a)b", "regex": True},
                {"op": "listen", "channel": "(?=a)b", "regex": True},
            ):
                assert (await talker.ask(**message))["code"] == "invalid_pattern"

    run(work())
