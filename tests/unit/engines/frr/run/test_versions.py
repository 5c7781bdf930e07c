"""Each folder of tests/cases/frr-running is one FRR: what its daemons were asked for and printed then."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlan.engines.frr.config.tree import canonical, compare
from nlan.engines.frr.programs import has_manager
from nlan.engines.frr.run.files import Files, Receipt, observed_config, own_lines

CASES = Path(__file__).resolve().parents[4] / "cases" / "frr-running"
RECORDED = sorted(path.relative_to(CASES) for path in CASES.glob("*/*.running.txt"))


def recorded(path: Path) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return the daemon, what it was asked for, and what of its answer is its own."""
    daemon = path.name.removesuffix(".running.txt")
    folder = CASES / path.parent
    asked = canonical((folder / f"{daemon}.asked.conf").read_text())
    manager = (folder / "mgmtd.running.txt").exists()
    source = daemon if daemon != "staticd" or not manager else "mgmtd"
    running = canonical((folder / f"{source}.running.txt").read_text())
    return daemon, asked, own_lines(daemon, running, has_manager=manager)


@pytest.mark.parametrize("path", RECORDED, ids=str)
def test_nlan_spells_every_line_as_each_version_does(path: Path) -> None:
    _, asked, shown = recorded(path)
    assert asked or path.name == "zebra.running.txt"
    assert compare(asked, shown).details() == ()


@pytest.mark.parametrize("path", RECORDED, ids=str)
def test_right_after_the_start_there_is_no_difference(path: Path) -> None:
    _, asked, shown = recorded(path)
    assert compare(asked, observed_config(Receipt(asked, shown), shown)) == ((), ())


@pytest.mark.parametrize("path", RECORDED, ids=str)
def test_each_line_that_goes_is_missed(path: Path) -> None:
    _, asked, shown = recorded(path)
    for number, line in enumerate(shown):
        inner = shown[number + 1 : number + 2]
        if line in asked and not (inner and inner[0].startswith(" " * (len(line) - len(line.lstrip()) + 1))):
            left = (*shown[:number], *shown[number + 1 :])
            change = compare(asked, observed_config(Receipt(asked, shown), left))
            assert [path[-1] for path in change.added] == [line.strip()], change


def test_without_mgmtd_each_daemon_reads_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "etc-frr").mkdir()
    static = Files(tmp_path, "staticd")
    assert static.config_vty == static.vty
    assert static.config_log == static.log
    Receipt((), ()).write(Files(tmp_path, "mgmtd"))
    assert static.config_vty.name == "mgmtd.vty"
    assert static.config_log.name == "mgmtd.log"
    assert Files(tmp_path, "bgpd").config_vty.name == "bgpd.vty"


def install(directory: Path, *names: str) -> None:
    directory.mkdir(exist_ok=True)
    for name in names:
        (directory / name).touch(mode=0o755)


def test_mgmtd_is_missed_only_where_frr_comes_with_it(tmp_path: Path) -> None:
    folders = (str(tmp_path),)
    assert has_manager(folders), "no FRR at all: a new one will be installed"
    install(tmp_path, "zebra")
    assert not has_manager(folders)
    install(tmp_path, "mgmtd")
    assert has_manager(folders)
