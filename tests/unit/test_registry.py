"""The registry: what is nlan's own by folder, what is a stranger's by entry point."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nlan.registry import Part, Registry, Seam, installed


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that is on the path, with a package of ours in it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    own = tmp_path / "house"
    own.mkdir()
    (own / "__init__.py").touch()
    (own / "base.py").write_text("raise AssertionError('the contract is no part')")
    (own / "late.py").write_text("raise AssertionError('imported, though nobody asked')")
    (own / "stone.py").write_text("PART = 'stone'")
    (own / "wood").mkdir()
    (own / "wood" / "__init__.py").write_text("PART = 'wood'")
    (own / "empty").mkdir()
    yield tmp_path
    for name in [n for n in sys.modules if n.partition(".")[0] in ("house", "guest")]:
        del sys.modules[name]


SEAM: Seam[str] = Seam("parts", "house", "PART", needs=("upper",))


def guest(name: str, target: str) -> Part:
    return Part("parts", name, "guest 1.0", target)


def test_a_folder_is_found_and_imported_only_when_it_is_asked_for(packages: Path) -> None:
    family = Registry(()).of(SEAM)
    assert list(family) == ["late", "stone", "wood"]
    assert "house.wood" not in sys.modules
    assert (family["wood"], family["stone"]) == ("wood", "stone")
    with pytest.raises(KeyError):
        family["straw"]


def test_a_stranger_stands_behind_our_own(packages: Path) -> None:
    (packages / "guest.py").write_text("HUT = 'hut'")
    registry = Registry([guest("straw", "guest:HUT")])
    family = registry.of(SEAM)
    assert list(family) == ["late", "stone", "wood", "straw"]
    assert family["straw"] == "hut"
    assert [part.origin for part in registry.parts(SEAM)] == ["nlan", "nlan", "nlan", "guest 1.0"]
    with pytest.raises(AssertionError):
        dict(family)  # all of ours are imported, and `late` minds


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("straw", "1 / 0", "ZeroDivisionError: division by zero"),
        ("straw", "", "InternalError: guest has no HUT"),
        ("straw", "HUT = 1", "it lacks upper"),
        ("stone", "HUT = 'stone'", "nlan has one of that name"),
    ],
)
def test_a_broken_stranger_is_named_and_left_out(packages: Path, name: str, text: str, reason: str) -> None:
    (packages / "guest.py").write_text(text)
    registry = Registry([guest(name, "guest:HUT")])
    assert registry.of(SEAM)["stone"] == "stone"
    assert [str(broken) for broken in registry.broken] == [f"parts {name} of guest 1.0: {reason}"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("HUT = 1", "it lacks upper"), ("HUT = 'x'", "ValueError: substring not found")],
)
def test_a_lower_layer_that_knows_part_of_a_contract_leaves_out_the_same(
    packages: Path, text: str, reason: str
) -> None:
    (packages / "guest.py").write_text(text)
    (packages / "house" / "base.py").write_text(
        "from nlan.registry import Seam\n"
        "SEAM = Seam('parts', 'house', 'PART', needs=('upper',), probe=lambda part: part.index('hut'))\n"
    )
    registry = Registry([guest("straw", "guest:HUT")])
    assert "straw" not in registry.of(Seam("parts", "house", "PART"))
    assert [str(broken) for broken in registry.broken] == [f"parts straw of guest 1.0: {reason}"]


def test_two_strangers_of_one_name(packages: Path) -> None:
    (packages / "guest.py").write_text("A = 'a'\nB = 'b'")
    registry = Registry([guest("straw", "guest:A"), Part("parts", "straw", "other 2", "guest:B")])
    assert registry.of(SEAM)["straw"] == "a"
    assert [str(b) for b in registry.broken] == ["parts straw of other 2: guest 1.0 has one of that name"]


def test_entry_points_of_what_is_installed(packages: Path) -> None:
    metadata = packages / "guest-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: guest\nVersion: 1.0\n")
    points = "[console_scripts]\nguest = guest:main\n[nlan.parts]\nstraw = guest:A\n"
    (metadata / "entry_points.txt").write_text(points)
    assert Part("parts", "straw", "guest 1.0", "guest:A") in list(installed())


def test_without_such_metadata_is_not_read(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(packages), str(packages / "nowhere")])
    monkeypatch.delitem(sys.modules, "importlib.metadata", raising=False)
    assert list(installed()) == []
    assert "importlib.metadata" not in sys.modules
