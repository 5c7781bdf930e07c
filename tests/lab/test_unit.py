"""`nlan keep --unit` under a real systemd: kept from the boot on, whatever happens to the service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import booted
from booted import Booted
from support import EXAMPLES, ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(booted.missing()), reason=booted.missing()),
    pytest.mark.skipif(
        str(ROOT).startswith(("/tmp/", "/run/")), reason="this tree is where a boot removes it"
    ),
]

LAB = "unit"
UNIT = f"nlan-{LAB}.service"
STATE = "/srv/100% my labs"
"""Such a name is quoted in a unit, and has what systemd would take for a specifier."""


class Kept:
    """A booted machine with nlan and a lab whose unit is enabled."""

    def __init__(self, machine: Booted) -> None:
        self.machine = machine

    def nlan(self, *words: str, check: bool = True) -> str:
        words = (str(ROOT / "nlan"), *words)
        return self.machine.run("env", f"NLAN_STATE_DIR={STATE}", *words, check=check).stdout

    def install(self) -> None:
        self.machine.path(f"/etc/systemd/system/{UNIT}").write_text(self.nlan("keep", LAB, "--unit"))
        self.machine.run("systemctl", "enable", "--now", UNIT, check=True)

    def service(self) -> dict[str, str]:
        """Return what systemd says of the unit."""
        names = "ActiveState,SubState,Result,MainPID,NRestarts"
        shown = self.machine.run("systemctl", "show", UNIT, "-p", names, check=True).stdout
        return dict(line.split("=", 1) for line in shown.splitlines())

    def wait_for(self, **wanted: str) -> dict[str, str]:
        def fits() -> bool:
            return wanted.items() <= self.service().items()

        self.machine.wait(fits, f"{UNIT} as {wanted}")
        return self.service()

    def said(self, text: str, since: str = "") -> bool:
        """Tell whether the unit's journal has a text."""
        after = (f"--after-cursor={since}",) if since else ()
        return text in self.machine.run("journalctl", "--unit", UNIT, "--output=cat", *after).stdout

    def cursor(self) -> str:
        """Return where the journal ends."""
        shown = self.machine.run("journalctl", "--lines=1", "--output=json", check=True).stdout
        return str(json.loads(shown)["__CURSOR"])

    def status(self) -> Any:
        return json.loads(self.nlan("status", LAB, "--json", check=False))

    def repairs(self) -> None:
        """Take an address away and see it come back."""
        self.nlan("exec", "r1", "-l", LAB, "--", "ip", "address", "del", "10.1.0.1/30", "dev", "eth1")
        self.machine.wait(lambda: "10.1.0.1/30" in self._addresses(), "the address")

    def _addresses(self) -> str:
        return self.nlan("exec", "r1", "-l", LAB, "--", "ip", "-br", "address", "show", "dev", "eth1")


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    """Give a machine that keeps a lab, and end it."""
    machine = Booted(tmp_path)
    try:
        machine.boot()
        kept = Kept(machine)
        kept.nlan("up", str(EXAMPLES / "two-routers.yaml"), "--lab", LAB)
        kept.install()
        machine.wait(lambda: kept.said("keeping revision 1"), "keep's first line")
        yield kept
    finally:
        machine.remove()


def test_a_drift_is_repaired_before_and_after_keep_is_killed(kept: Kept) -> None:
    kept.repairs()
    assert kept.said("create r1 address eth1 10.1.0.1/30: missing")
    first = kept.wait_for(ActiveState="active", SubState="running", NRestarts="0")
    since = kept.cursor()
    kept.machine.run("systemctl", "kill", "--signal=KILL", UNIT, check=True)
    second = kept.wait_for(ActiveState="active", SubState="running", NRestarts="1")
    assert second["MainPID"] != first["MainPID"]
    kept.machine.wait(lambda: kept.said("keeping revision 1", since), "keep's first line")
    kept.repairs()


def test_stop_leaves_the_lab_as_it_runs(kept: Kept) -> None:
    before = kept.machine.run("pgrep", "-l", "zebra|bgpd", check=True).stdout
    kept.machine.run("systemctl", "stop", UNIT, check=True)
    after = kept.wait_for(ActiveState="inactive", Result="success")
    assert after["MainPID"] == "0"
    assert kept.said("unit: stopped")
    assert kept.machine.run("pgrep", "-l", "zebra|bgpd", check=True).stdout == before
    assert kept.status()["drift"]["operations"] == []
    kept.machine.run("systemctl", "start", UNIT, check=True)
    kept.repairs()


def test_after_a_boot_the_lab_is_up_and_kept(kept: Kept) -> None:
    kept.machine.shut_down()
    kept.machine.boot()
    kept.wait_for(ActiveState="active", SubState="running", NRestarts="0")
    assert kept.said("unit: up again")
    assert {node["state"] for node in kept.status()["nodes"].values()} == {"ok"}
    kept.nlan("ping", "--all", "-l", LAB)
    kept.repairs()


def test_a_lab_that_is_taken_down_stays_down(kept: Kept) -> None:
    """The service ends with it, and at the next boot without a try to start again."""
    kept.nlan("down", LAB)
    kept.wait_for(ActiveState="inactive", Result="success")
    kept.machine.shut_down()
    kept.machine.boot()
    kept.machine.wait(lambda: kept.said("unit: nothing to restore"), "restore's line")
    assert kept.wait_for(ActiveState="inactive", Result="success")["NRestarts"] == "0"
    assert kept.said("the lab was taken down")
    kept.nlan("up", str(EXAMPLES / "two-routers.yaml"), "--lab", LAB)
    kept.machine.run("systemctl", "start", UNIT, check=True)
    kept.repairs()
