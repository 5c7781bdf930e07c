"""Five hundred random damages: whatever is read of the past is what was committed, or is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from unit.tega.damage import Original, count_wrong

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[Original]:
    folder = tmp_path_factory.mktemp("damage")
    return [Original(folder, 0), Original(folder, 100)]


@pytest.mark.parametrize("seed", range(5))
def test_none_of_a_hundred_random_damages_is_silently_wrong(
    originals: list[Original], tmp_path: Path, seed: int
) -> None:
    wrong, reported = count_wrong(originals, tmp_path / "store", seed, 100)
    assert wrong == []
    assert reported > 50
