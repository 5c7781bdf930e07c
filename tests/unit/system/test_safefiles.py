"""Files beside which somebody else plays tricks; the real user frr plays them in `tests/netns/runtimes`."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from nlan.system import safefiles


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that is nobody's business, and the directory it stands in."""
    directory = tmp_path / "outside"
    directory.mkdir()
    (directory / "secret").write_text("secret")
    return directory


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    (tmp_path / "inside").mkdir()
    return tmp_path / "inside"


def _plant(kind: str, path: Path, outside: Path) -> None:
    match kind:
        case "link":
            path.symlink_to(outside / "secret")
        case "link to directory":
            path.symlink_to(outside)
        case "fifo":
            os.mkfifo(path)
        case "directory":
            (path / "below").mkdir(parents=True)
            (path / "below" / "link").symlink_to(outside)
        case "socket":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
        case "hard link":
            os.link(outside / "secret", path)


KINDS = ("nothing", "link", "link to directory", "fifo", "directory", "socket", "hard link")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_takes_the_place_of_whatever_is_there(kind: str, inside: Path, outside: Path) -> None:
    _plant(kind, inside / "file", outside)
    safefiles.write(inside / "file", b"new", mode=0o640)
    assert (inside / "file").read_text() == "new"
    assert (inside / "file").stat().st_mode & 0o7777 == 0o640
    assert os.listdir(inside) == ["file"]
    assert (outside / "secret").read_text() == "secret"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_removed_takes_nothing_along(kind: str, inside: Path, outside: Path) -> None:
    _plant(kind, inside / "file", outside)
    safefiles.remove(inside / "file")
    assert os.listdir(inside) == []
    assert (outside / "secret").read_text() == "secret"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("nothing", "hard link")])
def test_only_a_regular_file_is_read(kind: str, inside: Path, outside: Path) -> None:
    _plant(kind, inside / "file", outside)
    with pytest.raises(OSError, match="Errno"):
        safefiles.read(inside / "file")


def test_a_directory_that_is_a_link_is_not_entered(inside: Path, outside: Path) -> None:
    (inside / "etc").symlink_to(outside)
    with pytest.raises(OSError, match="Errno"):
        safefiles.read(inside / "etc" / "secret")
    with pytest.raises(OSError, match="etc/secret"):
        safefiles.write(inside / "etc" / "secret", b"new")
    with pytest.raises(OSError, match="Errno"):
        safefiles.remove(inside / "etc" / "secret")
    assert (outside / "secret").read_text() == "secret"


def test_a_huge_file_is_read_in_part(inside: Path) -> None:
    with open(inside / "file", "wb") as file:
        file.write(b"begin")
        file.truncate(1 << 40)
        file.seek(0, os.SEEK_END)
        file.write(b"end")
    assert safefiles.read(inside / "file", 5) == b"begin"
    assert safefiles.read_end(inside / "file", 3) == b"end"
    assert len(safefiles.read(inside / "file")) == safefiles.READ_MAX


def test_a_tree_deeper_than_any_path_is_removed(inside: Path) -> None:
    directory = os.open(inside, os.O_RDONLY)
    for _ in range(2200):
        os.mkdir("d", dir_fd=directory)
        deeper = os.open("d", os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = deeper
    os.close(directory)
    safefiles.remove(inside / "d")
    assert os.listdir(inside) == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("nothing", "socket", "hard link")])
def test_what_is_no_socket_is_not_connected_to(kind: str, inside: Path, outside: Path) -> None:
    _plant(kind, inside / "file", outside)
    with pytest.raises(OSError, match="Errno"), safefiles.socket_path(inside / "file"):
        pass


def test_a_socket_with_a_long_path_is_connected_to(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = inside / ("d" * 120)
    path.mkdir()
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as caller:
        monkeypatch.chdir(path)
        listener.bind("s")
        listener.listen()
        with safefiles.socket_path(path / "s") as name:
            caller.connect(name)
