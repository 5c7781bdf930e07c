"""Labs beside each other, and several nlan at once on one lab."""

from __future__ import annotations

import json
import subprocess

from nlan.paths import Paths
from nlan.runtimes.netns.runtime import NetnsRuntime
from support import EXAMPLES, Nlan

SMALL = "nodes:\n  r1: {asn: 64496, hosts: 1}\n  r2: {asn: 64497, hosts: 1}\nlinks: [r1 -- r2]\n"
OTHER = SMALL.replace("64497", "64498")


def test_two_labs_of_one_file_beside_each_other(nlan: Nlan) -> None:
    """Same nodes, same addresses, same VNIs: neither sees the other."""
    one, two = nlan.name("one"), nlan.name("two")
    file = str(EXAMPLES / "wan-bgp.yaml")
    _both(nlan, ("up", file, "--lab", one), ("up", file, "--lab", two))
    for lab in (one, two):
        assert "240 of 240 answered" in nlan("ping", "--all", "-l", lab).out
        nlan("status", lab)
    nlan("down", one)
    assert "240 of 240 answered" in nlan("ping", "--all", "-l", two).out
    assert nlan.operations(file, "--lab", two) == []


def test_two_ups_of_one_lab_at_once_both_succeed(nlan: Nlan) -> None:
    lab, file = nlan.name(), nlan.write(SMALL)
    answers = _both(nlan, ("up", file, "--lab", lab), ("up", file, "--lab", lab))
    assert sorted("nothing to do" in out for out, _ in answers) == [False, True]
    waited = [err for _, err in answers if "another nlan (process " in err]
    assert len(waited) == 1
    assert f") is at work on lab {lab}; waiting for it" in waited[0]
    nlan("status", lab)


def test_names_keep_what_an_up_at_the_same_moment_gave_them(nlan: Nlan) -> None:
    """Both files were read before either had given a number to anything."""
    lab = nlan.name()
    links = "r1 -- r2", "r2 -- r3"
    files = [
        nlan.write(f"nodes: [r1, r2, r3]\nlinks: [{', '.join(order)}]\n", f"{n}.yaml")
        for n, order in enumerate((links, links[::-1]))
    ]
    with NetnsRuntime(Paths(), lab).lock():
        processes = [nlan.start("up", file, "--lab", lab, "--json") for file in files]
        for process in processes:
            assert process.stderr is not None
            assert "waiting for it" in process.stderr.readline()
    done = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], done
    later = max((json.loads(out) for out, _ in done), key=lambda result: int(result["revision"]))
    assert {operation["kind"] for operation in later["operations"]} <= {"hosts"}


def test_two_different_ups_at_once_end_in_one_of_them(nlan: Nlan) -> None:
    lab = nlan.name()
    files = nlan.write(SMALL, "small.yaml"), nlan.write(OTHER, "other.yaml")
    nlan("up", files[0], "--lab", lab)
    _both(nlan, ("up", files[0], "--lab", lab), ("up", files[1], "--lab", lab))
    assert [] in [nlan.operations(file, "--lab", lab) for file in files]
    nlan("status", lab)
    nlan("ping", "--all", "-l", lab)


def test_two_sets_at_once_are_both_there(nlan: Nlan) -> None:
    lab = nlan.name()
    nlan("up", nlan.write(SMALL), "--lab", lab)
    loopbacks = {"r1": "192.0.2.98/32", "r2": "192.0.2.99/32"}
    _both(nlan, *(("set", f"{n}.router.loopbacks.1", a, "-l", lab) for n, a in loopbacks.items()))
    for node, address in loopbacks.items():
        assert address in nlan.status(lab)["nodes"][node]["addresses"]["lo"]
    nlan("status", lab)


def test_up_and_down_at_once_leave_a_lab_or_none(nlan: Nlan) -> None:
    lab, file = nlan.name(), nlan.write(SMALL)
    nlan("up", file, "--lab", lab)
    processes = [nlan.start("down", lab), nlan.start("up", file, "--lab", lab)]
    for process in processes:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    if lab in nlan.running():
        nlan("status", lab)


def test_a_look_does_not_wait_for_a_change(nlan: Nlan) -> None:
    lab, file = nlan.name(), nlan.write(SMALL)
    nlan("up", file, "--lab", lab)
    waiting = nlan.start("up", nlan.write(SMALL.replace("hosts: 1", "hosts: 2"), "b.yaml"), "--lab", lab)
    try:
        assert nlan.run("status", lab, "--json", timeout=20).json["known"]
        assert nlan.run("history", lab, "--json", timeout=20).code == 0
    finally:
        _, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err


def _both(nlan: Nlan, *commands: tuple[str, ...]) -> list[tuple[str, str]]:
    """Run commands at once; all must succeed. Return what they said."""
    processes: list[subprocess.Popen[str]] = [nlan.start(*words) for words in commands]
    answers = [process.communicate(timeout=100) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), answers
    return answers
