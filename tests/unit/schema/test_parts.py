"""A file that a lab names may be somebody's trap: it is opened with care, and its contents are not shown."""

import os
from pathlib import Path

import pytest

from nlan.errors import InputError
from nlan.schema import load, parts

LAB = "nodes: {{r1: {{frr: {{file: {}}}}}}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    lab = tmp_path / "labs"
    lab.mkdir()
    return lab


def text_of(folder: Path, name: str) -> str:
    lab = folder / "lab.yaml"
    lab.write_text(LAB.format(name))
    router = load(lab).lab.node("r1").router
    assert router is not None
    assert router.frr is not None
    return router.frr.text


def said(folder: Path, name: str) -> str:
    with pytest.raises(InputError) as raised:
        text_of(folder, name)
    (problem,) = raised.value.problems
    return problem.message


def test_an_empty_file_is_fine(folder: Path) -> None:
    (folder / "r1.conf").write_text("")
    assert text_of(folder, "r1.conf") == ""


def test_a_file_beside_the_labs_folder_is_read_from_above(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder.parent / "shared.conf").write_text("! shared\n")
    assert text_of(folder, "../shared.conf") == "! shared\n"
    monkeypatch.chdir(folder)
    assert "neither in the lab's folder nor in the one that nlan is run in" in said(folder, "../shared.conf")


@pytest.mark.parametrize("name", ["/etc/passwd", "../../../../../../etc/passwd", "link.conf"])
def test_a_file_elsewhere_is_not_read(name: str, folder: Path) -> None:
    (folder / "link.conf").symlink_to("/etc/passwd")
    assert "neither in the lab's folder" in (message := said(folder, name))
    assert "root:" not in message


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert "this is a pipe; expected a file" in said(folder, "pipe")


def test_a_device_is_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/dev")
    assert "this is a device; expected a file" in said(folder, "/dev/zero")


def test_who_calls_sudo_hands_on_what_they_may_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "r1.conf").write_text("! r1\n")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_UID", "54321")
    reads = {"lab.yaml": True, "r1.conf": False}
    monkeypatch.setattr(parts, "_may_read", lambda path, user, groups: reads[path.name])
    assert "the file cannot be read by 54321, who called sudo" in said(folder, "r1.conf")
    reads["lab.yaml"] = False  # somebody who works as root in a folder of root's
    assert text_of(folder, "r1.conf") == "! r1\n"
    reads["r1.conf"] = True
    assert text_of(folder, "r1.conf") == "! r1\n"


@pytest.mark.parametrize(
    ("mode", "above", "user", "reads"),
    [
        (0o600, 0o755, "owner", True),
        (0o066, 0o755, "owner", False),
        (0o640, 0o755, "member", True),
        (0o604, 0o755, "member", False),
        (0o604, 0o755, "other", True),
        (0o640, 0o755, "other", False),
        (0o644, 0o750, "other", False),
        (0o644, 0o711, "other", True),
    ],
)
def test_modes_say_who_may_read(mode: int, above: int, user: str, reads: bool) -> None:
    def allows(bits: int, bit: int) -> bool:
        found = os.stat_result((bits, 0, 0, 1, 1000, 2000, 0, 0, 0, 0))
        who, groups = {"owner": (1000, {9}), "member": (1, {2000}), "other": (1, {9})}[user]
        return parts._allows(found, bit, who, groups)

    assert (allows(mode, 4) and allows(above, 1)) is reads


def test_the_way_to_a_file_counts(tmp_path: Path) -> None:
    assert parts._may_read(Path("/etc/passwd"), 54321, set())
    (tmp_path / "x").write_text("")
    tmp_path.chmod(0o700)
    assert not parts._may_read(tmp_path / "x", 54321, set())
    assert not parts._may_read(tmp_path / "none", os.getuid(), set())
