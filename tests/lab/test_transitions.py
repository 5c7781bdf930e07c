"""Random labs, changed in place into others: each is then what it would be if it had been brought up afresh.

`NLAN_TRANSITIONS=1000 ./test tests/lab/test_transitions.py` walks a longer way than every run does, from
another seed (`NLAN_SEED`). A transition that failed once is kept in `KNOWN`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from afresh import difference, settled
from labmaker import Lab, LabMaker, text
from support import Nlan

STEPS = 5
SEED = int(os.environ.get("NLAN_SEED", "1"))
COUNT = int(os.environ.get("NLAN_TRANSITIONS", "50"))
SEEDS = range(SEED, SEED + max(1, COUNT // STEPS))
KNOWN: dict[str, tuple[int, int]] = {
    "how many equal BGP paths are used hangs on which came first": (7017, 4),
}
"""Transitions that failed once, by what was wrong: the seed, and the step."""


def walk(nlan: Nlan, lab: str, directory: Path, seed: int, first: int = 0, last: int = STEPS) -> list[str]:
    """Change the lab step by step, each time compared with itself brought up afresh; return what differs."""
    maker, wrong = LabMaker(seed, directory), []
    here = maker.new()
    for step in range(last):
        there = maker.edited(here)
        if step >= first:
            wrong += [f"seed {seed}, step {step}: {one}" for one in _step(nlan, lab, here, there)]
        here = there
    nlan("down", lab)
    return wrong


def _step(nlan: Nlan, lab: str, here: Lab, there: Lab) -> list[str]:
    before, after = (
        nlan.write(text(one), f"{lab}-{name}.yaml") for one, name in ((here, "before"), (there, "after"))
    )
    shown = f"\n--- from\n{text(here)}--- to\n{text(there)}"
    nlan.run("up", before, "--lab", lab)
    changed = nlan.run("up", after, "--lab", lab)
    left = nlan.run("plan", after, "--lab", lab)
    in_place = settled(nlan, lab)
    nlan("down", lab)
    anew = nlan.run("up", after, "--lab", lab)
    if anew.code or changed.code:  # such as a session that the file means and that cannot come up
        same = anew.code == changed.code and "Traceback" not in changed.err
        return [] if same else [f"in place: {changed.out}{changed.err}\nafresh: {anew.out}{anew.err}{shown}"]
    afresh = settled(nlan, lab)
    wrong = []
    if left.code:
        wrong.append(f"the second plan is not empty: {left.out}{left.err}{shown}")
    if differs := difference(in_place, afresh):
        wrong.append(f"in place (-) is not as afresh (+):\n{differs}{shown}")
    return wrong


@pytest.mark.parametrize("seed", SEEDS)
def test_in_place_is_as_afresh(nlan: Nlan, tmp_path: Path, seed: int) -> None:
    wrong = walk(nlan, nlan.name(), tmp_path, seed)
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("name", KNOWN)
def test_what_once_was_not(nlan: Nlan, tmp_path: Path, name: str) -> None:
    seed, step = KNOWN[name]
    assert walk(nlan, nlan.name(), tmp_path, seed, step, step + 1) == []
