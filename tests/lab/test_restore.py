"""After a boot, `nlan restore` brings up what was up: here the boot is all of a lab going without `down`."""

from __future__ import annotations

import select
import subprocess
from pathlib import Path

import pytest

from nlan.paths import Paths
from nlan.runtimes.netns.runtime import NetnsRuntime
from support import Nlan

PAIR = """
nodes:
  r1: {asn: 64496, hosts: 1}
  r2: {asn: 64497, hosts: 1}
links: [r1 -- r2]
"""


def reboot(*labs: str) -> None:
    """Take everything of the labs away but their databases."""
    for lab in labs:
        place = NetnsRuntime(Paths(), lab)
        with place.lock():
            place.cleanup()
        assert place.namespaces() == []


@pytest.fixture
def labs(nlan: Nlan) -> tuple[str, str]:
    """Give two running labs."""
    names = nlan.name("a"), nlan.name("b")
    for name in names:
        nlan("up", nlan.write(PAIR), "--lab", name)
    return names


def test_every_lab_that_was_up_is_up_again(nlan: Nlan, labs: tuple[str, str]) -> None:
    reboot(*labs)
    restored = nlan("restore", "--json").json
    assert [(one["lab"], one["ok"]) for one in restored] == [(name, True) for name in labs]
    for name in labs:
        nlan("status", name)
        nlan("ping", "--all", "-l", name)
    assert nlan("restore", "--json").json == []


def test_one_lab_by_its_name(nlan: Nlan, labs: tuple[str, str]) -> None:
    reboot(*labs)
    assert [one["lab"] for one in nlan("restore", labs[1], "--json").json] == [labs[1]]
    assert nlan("restore", labs[1]).out == f"{labs[1]}: nothing to restore\n"
    assert "no lab nobody is known" in nlan("restore", "nobody", code=1).err


def test_what_cannot_come_up_is_told(nlan: Nlan) -> None:
    """It was up again without a word."""
    lab = nlan.name()
    line = "asn: 64496\nnodes: [r1, r2, r3]\nlinks: [r1 -- r2 -- r3]\n"  # no IGP: r1 has no way to r3
    nlan("up", nlan.write(line), "--lab", lab, code=1)
    reboot(lab)
    answer = nlan("restore", lab)
    assert f"{lab}: cannot come up: r1 – r3: no BGP session: r1 has no route to 10.0.0.3" in answer.err


def test_a_lab_that_was_taken_down_stays_down(nlan: Nlan, labs: tuple[str, str]) -> None:
    nlan("down", labs[0])
    assert "was taken down" in nlan("keep", labs[0]).out
    reboot(labs[1])
    assert [one["lab"] for one in nlan("restore", "--json").json] == [labs[1]]


def test_a_lab_that_is_not_wanted_after_a_boot_is_taken_down_before(
    nlan: Nlan, labs: tuple[str, str]
) -> None:
    """It was said not to run, and came back."""
    reboot(*labs)
    assert "0 namespaces removed" in nlan("down", labs[0]).out
    assert [one["lab"] for one in nlan("restore", "--json").json] == [labs[1]]
    assert f"{labs[0]} is down already" in nlan("down", labs[0], code=1).err


def test_one_that_fails_does_not_stop_the_others(nlan: Nlan, labs: tuple[str, str]) -> None:
    reboot(*labs)
    obstacle = f"{labs[0]}.r1"
    subprocess.run(["ip", "netns", "add", obstacle], check=True)
    try:
        answer = nlan("restore", "--json", code=1).json
    finally:
        subprocess.run(["ip", "netns", "del", obstacle], check=True)
    assert [(one["lab"], one["ok"]) for one in answer] == [(labs[0], False), (labs[1], True)]
    assert "namespace that nlan did not make" in answer[0]["error"]
    nlan("status", labs[1])
    assert [one["lab"] for one in nlan("restore", "--json").json] == [labs[0]]


def test_an_unconfirmed_change_is_not_restored(nlan: Nlan, labs: tuple[str, str]) -> None:
    more = nlan.write(PAIR.replace("hosts: 1}\nlinks", "hosts: 2}\nlinks"))
    change = nlan.start("up", more, "--lab", labs[0], "--confirm", "1", "--json")
    assert change.stdout is not None
    change.stdout.readline()
    change.kill()
    change.communicate()
    reboot(labs[0])
    until_past(1.0)
    nlan("restore")
    nodes = nlan("status", labs[0], "--json").json["nodes"]
    assert "r2/172.21.2.2" in nodes
    assert "r2/172.21.2.3" not in nodes


def until_past(seconds: float) -> None:
    """Let the time to confirm pass."""
    select.select([], [], [], seconds)


def test_nothing_to_restore_says_so(nlan: Nlan) -> None:
    assert nlan("restore").out == "every lab that was up is there\n"


def test_a_lab_whose_database_is_damaged_is_told(nlan: Nlan, labs: tuple[str, str]) -> None:
    reboot(*labs)
    for path in Path(nlan.env["NLAN_STATE_DIR"], labs[0], "tega").iterdir():
        path.write_bytes(b"this is no database" * 500)
    for times in range(2):
        restored = nlan("restore", "--json", code=1).json
        assert [(one["lab"], one["ok"]) for one in restored] == [(labs[0], False), (labs[1], True)][
            : 2 - times
        ]
        assert "its database does not tell what it was; `nlan up FILE` does" in restored[0]["error"]
    nlan("up", nlan.write(PAIR), "--lab", labs[0])
    nlan("down", labs[0])
    assert nlan("restore", "--json").json == []
