"""Edits of the OSPF WAN killed at any moment end as what comes up afresh, next hops included.

That holds as soon as `up` says `converged`, so nothing is waited for. ``NLAN_SEEDS`` sets how many rows
of kills are tried; each row is the same every time but for the machine's speed.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import time

import pytest

from support import EXAMPLES, Nlan

SEEDS = int(os.environ.get("NLAN_SEEDS", "1"))
KILLS = 6
BASE = (EXAMPLES / "wan-ospf.yaml").read_text(encoding="utf-8")
WAN2 = '  wan2: {nodes: ["pe[1-4]", rr], vni: 2, prefix: 10.200.2.0/24}\n'
FILES = {
    "as-it-is": BASE,
    "another-vni": BASE.replace(WAN2, WAN2.replace("vni: 2", "vni: 22")),
    "another-subnet": BASE.replace(WAN2, WAN2.replace("10.200.2.0", "10.200.22.0")),
    "without-the-reflector": BASE.replace(WAN2, WAN2.replace(", rr", "")),
    "one-lan-more": BASE.replace("172.22.3.1/24: 2", "172.22.3.1/24: 2, 172.23.3.1/24: 1"),
    "an-edge-less": BASE.replace("ce[3-4]", "ce3").replace(
        "  ce4: {hosts: {172.21.4.1/24: 2, 172.22.4.1/24: 2}}\n", ""
    ),
}
Routes = dict[tuple[str, str], frozenset[tuple[str, str]]]


def test_the_files_differ() -> None:
    assert len({*FILES.values()}) == len(FILES)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_killed_edit_ends_as_if_brought_up_afresh(nlan: Nlan, seed: int) -> None:
    chance, lab = random.Random(seed), nlan.name()
    files = {name: nlan.write(text, f"{name}.yaml") for name, text in FILES.items()}
    now = "as-it-is"
    nlan("up", files[now], "--lab", lab)
    for _ in range(KILLS):
        towards = chance.choice([name for name in files if name != now])
        run = subprocess.Popen(
            nlan.argv("up", files[towards], "--lab", lab, "--wait", "up"),
            env=nlan.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0.2, 1.0))
        run.kill()
        run.wait()
        story = f"{now}, killed on its way to {towards}"
        now = chance.choice([now, towards])
        nlan("up", files[now], "--lab", lab, "--timeout", "40")
        assert nlan.operations(files[now], "--lab", lab) == []
        found, wanted = _routes(nlan, lab), _afresh(nlan, files[now])
        differing = {at: (wanted.get(at), found.get(at)) for at in wanted.keys() | found.keys()}
        assert {at: both for at, both in differing.items() if both[0] != both[1]} == {}, f"{story}: {now}"


def _afresh(nlan: Nlan, file: str) -> Routes:
    lab = nlan.name("afresh")
    nlan("up", file, "--lab", lab, "--timeout", "40")
    try:
        return _routes(nlan, lab)
    finally:
        nlan("down", lab)


def _routes(nlan: Nlan, lab: str) -> Routes:
    """Return the next hops of every route of every node: gateway and interface."""
    answers = nlan("exec", "-l", lab, "--all", "--json", "--", "ip", "-j", "route").json
    return {
        (node, route["dst"]): frozenset(
            (hop.get("gateway", ""), hop["dev"]) for hop in route.get("nexthops", [route])
        )
        for node, answer in answers.items()
        for route in json.loads(answer["stdout"] or "[]")
    }
