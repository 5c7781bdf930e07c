from __future__ import annotations

import msgspec
import pytest

from netns.support import by_key, create, delete, observe, observe_foreign, shell, succeeded, update
from nlan.kinds.nft import RECORDS, Chain, Nft, NftDriver, Set, counters
from nlan.runtimes.netns.runtime import NetnsRuntime
from nlan.testing import kernel_driver

FIRST = 'ip saddr 192.0.2.1 counter accept comment "mine"'
SECOND = "ip saddr 192.0.2.2 drop"
TABLE = Nft(
    namespace="a",
    family="inet",
    name="nlan_test",
    sets=(Set("seen", "ipv4_addr", flags=("dynamic", "timeout"), timeout="1h"),),
    chains=(
        Chain("output", ("jump heard", FIRST, SECOND), hook="output"),
        Chain("heard", ("add @seen { ip daddr }",)),
    ),
)


@pytest.fixture
def tables(place: NetnsRuntime) -> NftDriver:
    driver = NftDriver(place)
    assert succeeded(create(driver, TABLE))
    return driver


def odd(tables: NftDriver) -> tuple[str, ...]:
    (found,) = tables.observe(["a", "b"])
    difference = TABLE.difference(found)
    assert difference is None or difference.impact == "hitless"
    return () if difference is None else difference.details


def test_what_packets_change_is_no_difference(tables: NftDriver, place: NetnsRuntime) -> None:
    shell(place, "a", "ping -c 2 -i 0.01 -q 127.0.0.1; ping -c 1 -q 127.0.0.2")
    assert "127.0.0.2" in shell(place, "a", f"nft list table {TABLE.family} {TABLE.name}")
    assert odd(tables) == ()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "add rule inet nlan_test output ip saddr 192.0.2.3 drop",
            ("`ip saddr 192.0.2.3 drop` is not nlan's",),
        ),
        ("flush chain inet nlan_test heard", ("`update @seen { ip daddr }` is missing",)),
        (
            "chain inet nlan_test output { policy drop; }",
            (
                "`type filter hook output priority 0; policy accept;` is missing",
                "`type filter hook output priority 0; policy drop;` is not nlan's",
            ),
        ),
        (
            "add set inet nlan_test other { type mark; }",
            ("`set other {` is not nlan's", "`type mark` is not nlan's"),
        ),
    ],
)
def test_what_somebody_changes_is_seen_and_put_right(
    tables: NftDriver, place: NetnsRuntime, line: str, words: tuple[str, ...]
) -> None:
    shell(place, "a", f"nft '{line}'")
    assert odd(tables) == tuple(word.replace("update", "add") for word in words)
    (found,) = tables.observe(["a"])
    assert succeeded(update(tables, TABLE, found))
    assert odd(tables) == ()


def test_one_that_somebody_removed_is_missed(tables: NftDriver, place: NetnsRuntime) -> None:
    shell(place, "a", "nft delete table inet nlan_test")
    assert observe(tables) == {}
    assert succeeded(create(tables, TABLE))
    assert observe(tables) == by_key(TABLE)


def test_one_that_was_not_finished_is_made_again(tables: NftDriver, place: NetnsRuntime) -> None:
    records = tables._read("a")
    records[TABLE.key.name].listing = ()
    tables._write("a", records)
    assert odd(tables) == ("it was not finished",)
    assert succeeded(update(tables, TABLE, next(iter(tables.observe(["a"])))))
    assert odd(tables) == ()


def test_damaged_records_are_as_none(tables: NftDriver, place: NetnsRuntime) -> None:
    (place.directory("a") / RECORDS).write_text("{")
    assert observe(tables) == {}
    assert succeeded(create(tables, TABLE))
    assert odd(tables) == ()


def test_what_rules_count_is_read_by_their_comments(tables: NftDriver, place: NetnsRuntime) -> None:
    rule = 'ip daddr 127.0.0.1 counter comment "to me"'
    table = msgspec.structs.replace(TABLE, chains=(Chain("output", (rule,), hook="output"),))
    assert succeeded(update(tables, table, TABLE))
    assert counters(place, "a", "inet", "nlan_test") == {"to me": (0, 0)}
    shell(place, "a", "ping -c 3 -i 0.01 -q 127.0.0.1")
    assert counters(place, "a", "inet", "nlan_test") == {"to me": (6, 504)}
    assert counters(place, "b", "inet", "nlan_test") == {}


def test_a_table_is_replaced_whole_or_not_at_all(tables: NftDriver, place: NetnsRuntime) -> None:
    wrong = msgspec.structs.replace(
        TABLE, chains=(Chain("output", (FIRST, "ip saddr 192.0.2.300 drop"), hook="output"),)
    )
    (failure,) = update(tables, wrong, TABLE)
    assert failure is not None
    assert "ip saddr 192.0.2.300 drop" in str(failure)
    assert SECOND in shell(place, "a", f"nft list table {TABLE.family} {TABLE.name}"), "the former is gone"


def test_nlans_are_not_foreign_and_others_are(tables: NftDriver, place: NetnsRuntime) -> None:
    shell(place, "a", "nft add table inet somebody")
    assert observe_foreign(kernel_driver(place)) == ["nft table inet somebody"]
    assert succeeded(delete(tables, TABLE))
    assert shell(place, "a", "nft list tables").split() == ["table", "inet", "somebody"]
