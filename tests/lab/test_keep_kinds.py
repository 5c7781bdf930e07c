"""Every kind of drift is seen by keep: what is nlan's is put back, what is foreign is told of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from drift_kinds import FOREIGN, HARMLESS, LAB, OWN, Kind
from drifting import Subject, wait_until
from keeping import Keep, keeping
from nlan.keep.vigil import STILL_S
from support import Nlan


class Kept(NamedTuple):
    """A lab that is kept."""

    subject: Subject
    keep: Keep


@pytest.fixture(scope="module")
def kept(module_nlan: Nlan) -> Iterator[Kept]:
    name, file = module_nlan.name("kept"), module_nlan.write(LAB)
    module_nlan("up", file, "--lab", name)
    subject = Subject(module_nlan, name, file)
    with keeping(module_nlan, name) as keep:
        yield Kept(subject, keep)


def is_repair(note: dict[str, Any], kind: Kind, since: float) -> bool:
    words = " ".join(str(note.get(part)) for part in ("namespace", "kind", "name")).strip()
    return note["event"] == "repaired" and kind.seen in words and note["time"] > since


def left(subject: Subject) -> list[str]:
    """Return what is to be done; a session without a next hop is seen when everything is looked at."""
    operations = [f"{o}: {o.reason}" for o in subject.look().plan.operations]
    return [words for words in operations if "no next hop" not in words]


WITH_EVENTS = [kind for kind in OWN if "prefix of GoBGP" not in kind.title]
"""GoBGP tells nobody of a prefix: that is seen when everything is looked at, once a minute."""


@pytest.mark.parametrize("kind", WITH_EVENTS, ids=[kind.title for kind in WITH_EVENTS])
def test_what_is_nlans_is_put_back(kept: Kept, kind: Kind) -> None:
    begun = time.time()
    kept.subject.happen(kind)
    note = kept.keep.wait(lambda note: is_repair(note, kind, begun), f"a repair of {kind.seen}")
    is_daemon = " program " not in kind.seen  # others are polled, and not waited for
    if is_daemon and kind.script.startswith("stop "):
        assert note["time"] - begun > STILL_S - 1
    wait_until(lambda: not left(kept.subject), lambda: str(left(kept.subject)))


FOREIGNERS = [kind for kind in (*FOREIGN, *HARMLESS) if "answered for" not in kind.title]
"""The kernel tells nobody of a proxy neighbour: that, too, is seen when everything is looked at."""


@pytest.mark.parametrize("kind", FOREIGNERS, ids=[kind.title for kind in FOREIGNERS])
def test_what_is_foreign_is_told(kept: Kept, kind: Kind) -> None:
    kept.subject.happen(kind)
    text = f"{kind.node}: {kind.seen}"
    note = kept.keep.wait(lambda note: (note["event"], note["text"]) == ("foreign", text), text)
    assert note["harmful"] == (kind in FOREIGN)
    kept.subject.inside(kind.node, kind.undo)
    kept.keep.wait(lambda note: (note["event"], note["text"]) == ("foreign-gone", f"{text} is gone"), text)
