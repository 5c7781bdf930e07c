from typing import Any

import pytest

from tega.hub.access import FULL, access
from tega.paths import parse_path
from tega.protocol.errors import Denied


@pytest.mark.parametrize(
    ("prefix", "path", "allowed"),
    [
        ("**", "", True),
        ("**", "a.b", True),
        ("a.b", "a.b", True),
        ("a.b", "a.b.c", True),
        ("a.b", "a", False),
        ("a.b", "a.bc", False),
        ("config-*", "config-pe1.Ptn", True),
        ("config-*", "config-", True),
        ("config-*", "conf", False),
        ("a.x*", "a.xyz.q", True),
        ("a.x*", "b.xyz", False),
        ("a.*", "a.b", True),
        ("a.*", "b", False),
    ],
)
def test_a_prefix_covers_what_is_at_and_below_it(prefix: Any, path: str, allowed: Any) -> None:
    assert access(read=[prefix]).allows("read", parse_path(path)) is allowed


def test_what_is_not_listed_is_denied_with_the_path() -> None:
    one = access(read=["a"])
    one.require("read", ("a", "b"))
    with pytest.raises(Denied, match=r"allow to write a\.b"):
        one.require("write", ("a", "b"))
    with pytest.raises(Denied, match="call the whole tree"):
        one.require("call", ())
    FULL.require("write", ())
