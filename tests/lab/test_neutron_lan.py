"""State files of neutron-lan run as they are: who reaches whom, on the kernel."""

from __future__ import annotations

from pathlib import Path

from support import ROOT, Nlan

NETWORKS = ROOT / "tests/cases/neutron-lan/networks"


def test_its_networks_carry_packets(nlan: Nlan) -> None:
    lab, file = nlan.name(), str(NETWORKS / "input.yaml")
    nlan("up", file, "--lab", lab)
    for source, target in (
        ("north", "10.7.0.2"),
        ("north", "10.8.0.2"),
        ("south", "10.9.0.2"),
        ("west", "10.5.0.1"),
        ("west/172.20.3.2", "172.20.3.3"),
        ("north", "198.51.100.200"),
    ):
        nlan("ping", source, target, "-l", lab)
    assert nlan.operations(file, "--lab", lab) == []


def test_the_roster_may_change_alone(nlan: Nlan, tmp_path: Path) -> None:
    """Addresses of the underlay are changed in place; the networks above it stay."""
    lab, file = nlan.name(), str(NETWORKS / "input.yaml")
    (tmp_path / "moved.yaml").write_text(
        (NETWORKS / "roster.yaml").read_text().replace("198.51.100.1,", "198.51.100.7,")
    )
    text = (NETWORKS / "input.yaml").read_text().replace("198.51.100.1]", "198.51.100.7]")
    moved = nlan.write(text, "moved-state.yaml")
    nlan("up", file, "--lab", lab)
    nlan("up", moved, "--lab", lab, "--roster", str(tmp_path / "moved.yaml"), "--replace")
    nlan("ping", "north", "10.8.0.2", "-l", lab)
    nlan("ping", "south", "198.51.100.7", "-l", lab)
