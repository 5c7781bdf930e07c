"""Every test runs on both sides; the real one is marked `netns` and skipped where it cannot be had."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from contract.sides import Fake, Real, Side
from nlan.api.doctor.features import missing, of_kinds
from nlan.api.environment.context import kinds
from nlan.paths import Paths
from nlan.runtimes.netns.runtime import NetnsRuntime

NAMESPACES = ("a", "b", "c", "@fabric")
_numbers = itertools.count()


@cache
def why_not_real() -> str:
    """Return why there is no real kernel to compare with, empty where there is one."""
    lacks = {feature.name: words for feature, words in missing(of_kinds(kinds())).items() if feature.needed}
    return "; ".join(
        f"{', '.join(name for name in lacks if lacks[name] == w)}: {w}" for w in {*lacks.values()}
    )


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Real]:
    if reason := why_not_real():
        pytest.skip(reason)
    paths = Paths(run=tmp_path / "run" / "nlan", netns=tmp_path / "netns", state=tmp_path / "state")
    side = Real(NetnsRuntime(paths, f"c{os.getpid()}x{next(_numbers)}"))
    with side.place.lock():
        try:
            yield side
        finally:
            side.remove_foreign()
            side.place.cleanup()
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text(), "a mount is left behind"


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.netns)])
def bare(request: pytest.FixtureRequest) -> Side:
    """A side without namespaces."""
    side: Side = request.getfixturevalue(request.param)
    return side


@pytest.fixture
def side(bare: Side) -> Side:
    """A side with namespaces a, b, c and the fabric."""
    assert bare.place.create(NAMESPACES) == {}
    return bare
