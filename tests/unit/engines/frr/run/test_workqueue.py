"""How full zebra's queue is, by its own table."""

from __future__ import annotations

from nlan.engines.frr.run.workqueue import parse_items

TABLE = """
      List (ms)   Q. Runs   Yields       Cycle Counts   
P    Items  Hold    Total    Total    Best  Gran.    Total   Avg. Name
P        %s    10       69        0      42     12      786     11 route_node processing
"""  # noqa: W291 - as zebra prints it


def test_items_are_read() -> None:
    assert [parse_items(TABLE % items) for items in ("0", "1", "1234")] == [0, 1, 1234]


def test_a_table_without_the_queue_counts_as_empty() -> None:
    assert parse_items("") == parse_items("% Unknown command") == 0
