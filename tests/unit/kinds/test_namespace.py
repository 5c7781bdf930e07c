"""Namespaces, the hosts file: how differences are told."""

from __future__ import annotations

from nlan.kinds.hosts import HostsFile


def test_a_changed_hosts_file_is_told_by_its_lines_and_not_whole() -> None:
    seen = HostsFile(text="127.0.0.1 localhost\n192.0.2.1 r1\n192.0.2.2 r2\n")
    wanted = HostsFile(text="127.0.0.1 localhost\n192.0.2.1 r1\n192.0.2.9 r2\n")
    difference = wanted.difference(seen)
    assert difference is not None
    assert difference.impact == "hitless"
    assert difference.reason == "1 lines to add, 1 to remove"
    assert difference.details == ("- 192.0.2.2 r2", "+ 192.0.2.9 r2")


def test_the_order_of_a_hosts_file_counts() -> None:
    seen = HostsFile(text="192.0.2.1 r1\n192.0.2.2 r1\n")
    difference = HostsFile(text="192.0.2.2 r1\n192.0.2.1 r1\n").difference(seen)
    assert difference is not None
    assert difference.reason == "other order"
    assert seen.difference(seen) is None
