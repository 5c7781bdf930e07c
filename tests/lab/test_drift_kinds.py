"""Every kind of drift is seen by plan and status and put right; what is foreign is shown, and stays."""

from __future__ import annotations

import pytest

import drift_kinds
from drift_kinds import HARMLESS, LAB, OWN, Kind
from drifting import Subject
from nlan.plan import Plan
from support import Nlan


@pytest.fixture(scope="module")
def subject(module_nlan: Nlan) -> Subject:
    name, file = module_nlan.name("kinds"), module_nlan.write(LAB)
    module_nlan("up", file, "--lab", name)
    return Subject(module_nlan, name, file)


def words_of(planned: Plan) -> list[str]:
    return [str(operation.key) for operation in planned.operations]


@pytest.mark.parametrize("kind", OWN, ids=[kind.title for kind in OWN])
def test_what_is_nlans_is_missed_and_put_right(subject: Subject, kind: Kind) -> None:
    subject.happen(kind)
    seen = subject.look()
    assert any(kind.seen in words for words in words_of(seen.plan)), words_of(seen.plan)
    states = {node.name: node.state for node in seen.nodes}
    assert states.get(kind.seen.split()[0], "drift") == "drift"
    assert not seen.ok
    subject.repair()


@pytest.mark.parametrize("kind", drift_kinds.FOREIGN, ids=[kind.title for kind in drift_kinds.FOREIGN])
def test_what_is_foreign_is_shown_and_taken_away_when_asked(subject: Subject, kind: Kind) -> None:
    subject.happen(kind)
    for _ in range(2):
        seen = subject.look()
        assert words_of(seen.plan) == []
        assert kind.seen in [str(foreign) for foreign in seen.plan.harmful]
        (node,) = [node for node in seen.nodes if node.name == kind.node]
        assert (node.state, kind.seen in node.foreign, seen.ok) == ("foreign", True, False)
        subject.repair()  # and it stays
    subject.repair(exclusive=True)
    assert subject.look().plan.foreign == ()


@pytest.mark.parametrize("kind", HARMLESS, ids=[kind.title for kind in HARMLESS])
def test_what_does_no_harm_is_shown(subject: Subject, kind: Kind) -> None:
    subject.happen(kind)
    seen = subject.look()
    assert [str(foreign) for foreign in seen.plan.foreign] == [kind.seen]
    (node,) = [node for node in seen.nodes if node.name == kind.node]
    assert (node.state in ("ok", "waiting"), seen.plan.harmful) == (True, ())
    subject.inside(kind.node, kind.undo)
    assert subject.look().plan.foreign == ()
