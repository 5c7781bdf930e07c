"""One face of the store per engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tega.testing.faces import ENGINES, Face, make_face

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Face]:
    face = make_face(request.param, str(tmp_path / "store"))
    yield face
    face.close()
