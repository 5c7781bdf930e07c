"""A file that a lab names may be somebody's trap: it is opened with care, and its contents are not shown."""

import os
from pathlib import Path

import pytest

from nlan.errors import InputError
from nlan.schema import load
from nlan.schema.syntax import access
from nlan.services.router.model import Router

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
    router = load(lab).lab.node("r1").find(Router)
    assert router is not None
    assert router.raw is not None
    return router.raw.text


def said(folder: Path, name: str) -> str:
    with pytest.raises(InputError) as raised:
        text_of(folder, name)
    (problem,) = raised.value.problems
    return problem.message


def test_an_empty_file_is_fine(folder: Path) -> None:
    (folder / "r1.conf").write_text("")
    assert text_of(folder, "r1.conf") == ""


def test_a_shared_folder_beside_the_labs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (shared := folder.parent / "shared.conf").write_text("! shared\n")
    shared.chmod(0o644)
    assert text_of(folder, "../shared.conf") == "! shared\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="the kernel says what others may read")
@pytest.mark.parametrize("name", ["../private.conf", "link.conf"])
def test_root_hands_nothing_private_on(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lab may be somebody else's; what is beside it is, too."""
    (private := folder.parent / "private.conf").write_text("root:secret\n")
    private.chmod(0o640)
    (folder / "link.conf").symlink_to(private)
    assert text_of(folder, name) == "root:secret\n"  # it is in the folder that nlan is run in
    monkeypatch.chdir(folder)
    assert "neither in the lab's folder nor in the one nlan is run in" in (message := said(folder, name))
    assert "secret" not in message


@pytest.mark.skipif(os.geteuid() != 0, reason="files of two users")
def test_a_lab_of_a_users_gets_what_that_user_may_read(folder: Path) -> None:
    (folder / "r1.conf").write_text("! r1\n")
    (folder / "r1.conf").chmod(0o600)
    (folder / "lab.yaml").write_text("")
    os.chown(folder / "lab.yaml", 54321, 54321)
    assert "the file cannot be read by user 54321, who owns the lab's file" in said(folder, "r1.conf")


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert "this is a pipe; expected a file" in said(folder, "pipe")


def test_a_device_is_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/dev")
    assert "this is a device; expected a file" in said(folder, "/dev/zero")


@pytest.fixture
def sudo(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """User 54321 called sudo."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_UID", "54321")
    monkeypatch.setenv("SUDO_COMMAND", "/usr/bin/nlan plan lab.yaml")
    return monkeypatch


def test_who_calls_sudo_hands_on_what_they_may_read(folder: Path, sudo: pytest.MonkeyPatch) -> None:
    (folder / "r1.conf").write_text("! r1\n")
    readable = {"lab.yaml"}

    def may_read(descriptor: int, user: int) -> bool:
        return Path(os.readlink(f"/proc/self/fd/{descriptor}")).name in readable

    sudo.setattr(access, "may_read", may_read)
    assert "the file cannot be read by user 54321, who called sudo" in said(folder, "r1.conf")
    readable.add("r1.conf")
    assert text_of(folder, "r1.conf") == "! r1\n"


def test_who_calls_sudo_sees_no_line_of_a_file_that_is_not_theirs(
    folder: Path, sudo: pytest.MonkeyPatch
) -> None:
    (folder / "lab.yaml").write_text("root:secret\n")
    folder.chmod(0o700)
    for name in ("lab.yaml", "lab.yam"):
        with pytest.raises(InputError) as raised:
            load(folder / name)
        (problem,) = raised.value.problems
        assert "secret" not in str(problem)
        assert "lab.yaml`" not in problem.hint  # nor what else is there
    assert "the file cannot be read by user 54321, who called sudo" in said(folder, "r1.conf")
    sudo.setenv("SUDO_COMMAND", "/bin/bash")  # a shell of root's, by `sudo -i`
    with pytest.raises(InputError, match="secret"):
        load(folder / "lab.yaml", text="root:secret\n")
    (folder / "r1.conf").write_text("! r1\n")
    assert text_of(folder, "r1.conf") == "! r1\n"


def test_a_file_that_is_swapped_meanwhile_is_not_read(folder: Path) -> None:
    """What was judged is what is read."""
    (folder / "a").write_text("a")
    with access.found(folder / "a") as descriptor:
        (folder / "b").write_text("b")
        os.replace(folder / "b", folder / "a")
        assert Path(access.path_of(descriptor)).read_text() == "a"
        assert not access.may_read(descriptor, os.getuid())


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
        return access.allows(found, bit, who, groups)

    assert (allows(mode, 4) and allows(above, 1)) is reads


def test_the_way_to_a_file_counts(tmp_path: Path) -> None:
    def may_read(path: Path, user: int) -> bool:
        with access.found(path) as descriptor:
            return access.may_read(descriptor, user)

    assert may_read(Path("/etc/passwd"), 54321)
    (tmp_path / "x").write_text("")
    tmp_path.chmod(0o700)
    assert not may_read(tmp_path / "x", 54321)
