"""Which regular expressions a client may have matched."""

import pytest

from tega.errors import InvalidPattern
from tega.hub.interest import compile_pattern
from tega.hub.regex import refuse_slow
from unit.tega.serving import Talker, hubbing, run


@pytest.mark.parametrize(
    "text",
    [
        "(a+)+b",
        "(a*)*",
        "(a|ab)*c",
        r"(.*\.)*x",
        "((a*)b?)*c",
        "(?:(?:a+)?)+b",
        "x(?=(a+)+b)",
        r"([^a]+a)*b",
        r"(\w+\.\S+)*x",
        "(?i:(a+)+)b",
    ],
)
def test_what_could_take_for_ever_is_refused(text):
    with pytest.raises(InvalidPattern, match="for ever"):
        compile_pattern(text)


@pytest.mark.parametrize(
    "text",
    [
        r"([^.]+\.)*x",
        r"(?:\.\w+)+",
        r"(\w+)\.(\w+)\.(.*)",
        r"(\d+\.){3}\d+",
        "(?:[a-z]+/)*",
        "a(b|cd)e.*",
        "(?:ab)*",
        "(a+)?b",
    ],
)
def test_what_is_quick_is_taken(text):
    refuse_slow(text)


def test_a_client_that_asks_for_it_is_told_at_once():
    async def work():
        async with hubbing() as hub:
            talker = Talker(hub)
            await talker.ask(op="put", path="a" * 40, value=1)
            for message in (
                {"op": "select", "pattern": "(a+)+b"},
                {"op": "subscribe", "path": "(a+)+b", "regex": True},
                {"op": "listen", "channel": "(a+)+b", "regex": True},
            ):
                assert (await talker.ask(**message))["code"] == "invalid_pattern"

    run(work())
