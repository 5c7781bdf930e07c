"""Regular expressions and globs from outside."""

import subprocess
import sys
import time
from typing import Any

import pytest

from tega.database import Database
from tega.engines.memory import MemoryLog
from tega.errors import InvalidPattern
from tega.hub import access
from tega.hub.access import FULL
from tega.hub.reading import select
from tega.paths import parse_path
from tega.protocol.answers import groups_of
from tega.tree.nodes import build
from tega.tree.pattern import Expression, glob_pattern, regex_pattern, star_expression
from unit.tega.serving import Talker, hubbing, run

TREE = {
    "r-a": {"a": {"x": 1, "y": 2}, "b": {"x": 4}},
    "r-b": {"a": {"x": 1}, "b": {"x": 4}},
    "s": {"r-a": 1, "10.0.0.1": {"x": 1}},
}


def found(pattern: Any, who: Any = FULL, tree: Any = TREE) -> Any:
    return {".".join(one[0]): one[2] for one in select(build(tree, 1), pattern, who) if one is not None}


def test_an_expression_is_matched_by_segment_and_its_groups_are_kept_by_segment() -> None:
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


def test_a_glob_catches_what_its_stars_stand_for() -> None:
    assert found(glob_pattern("r-*.a")) == {"r-a.a": ("a",), "r-b.a": ("b",)}
    assert found(glob_pattern('s."10.0.0.1".*')) == {"s.10.0.0.1.x": ("x",)}
    assert found(glob_pattern("**.y")) == {"r-a.a.y": ("r-a.a",)}
    assert set(found(glob_pattern("**.**"))) == set(found(glob_pattern("**")))
    assert found(glob_pattern("")) == {"": ()}
    assert star_expression("*a*a").fullmatch("éaba") == ("é", "b")
    assert star_expression("a+*").fullmatch("a+\n") == ("\n",)


@pytest.mark.parametrize(
    ("pattern", "path", "touched"),
    [
        ("a.b.c", ("a", "b", "c"), True),  # pattern A: itself
        ("a.b.c", ("a", "b", "c", "d"), True),  # pattern B: below
        ("a.b.c", ("a", "b"), True),  # pattern C: above
        ("a.b.c", ("a", "b", "x"), False),
        ("hosts.*", ("hosts", "r1", "x"), True),
        ("hosts.*.up", ("hosts", "r1", "down"), False),
        ("config-*", ("config-pe1", "x"), True),
        ("config-*", ("operational-pe1",), False),
        ("**", ("anything",), True),
        ("a.**.z", ("a", "b"), True),
    ],
)
def test_globs_touch_at_below_and_above(pattern: str, path: tuple[str, ...], touched: bool) -> None:
    assert glob_pattern(pattern).agrees(path) is touched


@pytest.mark.parametrize(
    ("stars", "text", "caught"),
    [
        ("*", "", ("",)),
        ("a*", "ab", ("b",)),
        ("*.b", "a.b.b", ("a.b",)),
        ("a*b*c", "axbxbc", ("x", "xb")),
        ("a**c", "abc", ("", "b")),
        ("a*b*c", "abxc", ("", "x")),
        ("a*b*c", "ac", None),
        ("a*a", "a", None),
        ("*a" * 120 + "*b", "a" * 250, None),
    ],
)
def test_stars_take_any_characters_and_no_time(stars: Any, text: str, caught: Any) -> None:
    assert star_expression(stars).fullmatch(text) == caught


@pytest.mark.parametrize(
    ("text", "wanted"),
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
def test_what_cannot_be_matched_is_refused_with_the_reason(text: str, wanted: Any) -> None:
    with pytest.raises(InvalidPattern, match=wanted):
        regex_pattern(text)


@pytest.mark.parametrize(
    "text",
    [
        *("a..b", '"a', "*" + "x" * 1024, ".".join("*" * 101), "x" * 65_537),
        *('a".*', '"a.b"c*', "a..*", ".a*", "*.", '"x*', "*.a b"),
    ],
)
def test_a_glob_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidPattern):
        glob_pattern(text)


@pytest.mark.parametrize("text", [r"[^\.]+", r"[]\.]x", r"[^]\.]x", r"(a|b)\.c", r"\[\.\]"])
def test_the_dots_between_segments_are_those_outside_of_sets(text: str) -> None:
    assert len(regex_pattern(text).segments) == (1 if text.startswith("[") else 2)


@pytest.mark.parametrize(
    "text", [r"((\w{0,8}){0,8}){0,8}!", "(a+)+b", "(a|aa)*c", "(.*.*.*.*)*!", "(x+x+)+y"]
)
def test_no_pattern_takes_for_ever(text: str) -> None:
    expression = Expression(text)
    start = time.process_time()
    for sign in "ax":
        assert expression.fullmatch(sign * 2000) is None
    assert time.process_time() - start < 1


def test_what_may_not_be_read_is_not_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = Expression.fullmatch

    def watched(self: Any, text: str) -> Any:
        asked.append(text)
        return real(self, text)

    monkeypatch.setattr(Expression, "fullmatch", watched)
    pattern = regex_pattern(r".*\..*")
    assert found(pattern, access()) == {}
    assert asked == []
    assert found(pattern, access(read=["r-a.b", "s.r-*"])) == {"r-a.b": (), "s.r-a": ()}
    assert set(asked) == {"r-a", "b", "s"}


def test_many_children_come_in_their_order() -> None:
    tree = {f"k{i * 7919 % 1000}": i for i in range(1000)}
    assert list(found(regex_pattern("(k.*)"), tree=tree)) == list(tree)


@pytest.mark.parametrize(
    ("text", "regex"),
    [
        *((text, True) for text in ("r-(.*)", r"r-.\.(b)\.x", r"(.)\.r-(a)?.*", r"r\-a\.b", "r", r"\w-a")),
        *((text, True) for text in ("(?=a)b", r"(a)\1", "(", "x" * 1025, r"(a\.b)", r"a\.", "(?u)(?a)")),
        *((text, False) for text in ("r-*.a", "**.y", "s.r-a", "a..b", "*..a", "a b", "*" + "x" * 1024)),
    ],
)
def test_a_database_in_the_process_reads_a_pattern_as_a_server_does(text: str, regex: Any) -> None:
    def of_database(database: Any) -> Any:
        try:
            found = database.select(text, regex=regex)
        except InvalidPattern as error:
            return "invalid_pattern", str(error)
        return [(entry.path, entry.value, caught) for entry, caught in found]

    async def work() -> None:
        expected: Any
        async with hubbing() as hub:
            await hub.store.put((), TREE)
            answer = await Talker(hub).ask(op="select", pattern=text, regex=regex)
            if isinstance(answer, dict):
                expected = (answer["code"], answer["message"])
            else:
                expected = [
                    (parse_path(one["path"]), one["value"], groups_of(one["groups"])) for one in answer
                ]
            assert of_database(hub.store.database) == expected

    run(work())


def test_a_database_in_the_process_is_not_stopped_by_a_pattern() -> None:
    database = Database(MemoryLog())
    database.put("x" * 2000, {"y" * 2000: 1})
    start = time.process_time()
    assert database.select(r"((\w{0,8}){0,8}){0,8}!", regex=True) == []
    assert database.select(r"(x+x+)+\.(y|yy)*!", regex=True) == []
    assert time.process_time() - start < 1


def test_without_a_pattern_nobody_pays_for_re2() -> None:
    code = (
        "import sys, tega, tega.aio.store, tega.client, nlan, nlan.cli.main;"
        "from tega.database import Database; from tega.engines.memory import MemoryLog;"
        "d = Database(MemoryLog()); d.put('a.b', 1); d.select('**'); d.select('a.b');"
        "print('re2' in sys.modules, d.select('a.*')[0][1], 're2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False ('b',) True\n"


def test_a_client_that_asks_for_what_cannot_be_is_refused_at_once() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            talker = Talker(hub)
            for message in (
                {"op": "select", "pattern": "(?=a)b"},
                {"op": "subscribe", "path": "(?=a)b", "regex": True},
                {"op": "listen", "channel": "(?=a)b", "regex": True},
            ):
                assert (await talker.ask(**message))["code"] == "invalid_pattern"

    run(work())
