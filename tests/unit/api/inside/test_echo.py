"""What the kernel counts of neighbours that it had no room for."""

from __future__ import annotations

from pathlib import Path

from nlan.api.inside.echo import full_tables

COUNTED = """entries  allocs   unresolved_discards table_fulls
0000000f 000013cc 00000000            0000b74b
0000000f 0000172f 00000000            00000001
"""


def test_full_tables_are_counted_over_processors_and_versions(tmp_path: Path) -> None:
    assert full_tables(tmp_path) == 0
    (tmp_path / "arp_cache").write_text(COUNTED)
    assert full_tables(tmp_path) == 0xB74C
    (tmp_path / "ndisc_cache").write_text(COUNTED)
    assert full_tables(tmp_path) == 2 * 0xB74C


def test_a_kernel_that_counts_otherwise_tells_of_none(tmp_path: Path) -> None:
    (tmp_path / "arp_cache").write_text("entries\n0000000f\n")
    assert full_tables(tmp_path) == 0
