"""A machine in a directory: nodes see what nlan sees, whatever the mount namespace's own root is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nlan.runtimes.netns.probe import why_not_nodes

IN_CHROOT = """
import os, shutil, subprocess, sys
from pathlib import Path
import nlan.runtimes.netns.probe
from nlan.paths import Paths
from nlan.runtimes.netns.runtime import NetnsRuntime
root, bind = Path(sys.argv[1]), sys.argv[2]
subprocess.run(["mount", "--make-rprivate", "/"], check=True)
if bind == "bound":
    subprocess.run(["mount", "--bind", root, root], check=True)
for name in ("bin", "sbin", "lib", "lib64", "usr", "etc", "dev"):
    if Path("/", name).is_symlink():
        (root / name).symlink_to(os.readlink(Path("/", name)))
    elif Path("/", name).exists():
        (root / name).mkdir()
        subprocess.run(["mount", "--rbind", Path("/", name), root / name], check=True)
for place in {sys.base_prefix, str(Path(nlan.__file__).parent)}:
    if not place.startswith("/usr/"):
        (root / place[1:]).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "--bind", place, root / place[1:]], check=True)
for name in ("proc", "sys", "tmp", "var/tmp", "var/log", "var/lib/nlan", "run/netns"):
    (root / name).mkdir(parents=True, exist_ok=True)
if bind != "bare":
    subprocess.run(["mount", "-t", "proc", "proc", root / "proc"], check=True)
(root / "run" / "marker").write_text("here")
os.chroot(root)
os.chdir("/")
print(nlan.runtimes.netns.probe.why_not_nodes(), flush=True)
lab = NetnsRuntime(Paths(), "chroot")
with lab.lock():
    try:
        assert lab.create(["a"]) == {}
        done = lab.run("a", ["sh", "-c", "cat /run/marker; ls /sys/class/net; hostname"])
        print(done.stdout.decode(), done.stderr.decode(), flush=True)
    finally:
        lab.cleanup()
print(sorted(os.listdir("/run")), flush=True)
"""


def run(root: Path, bind: str) -> subprocess.CompletedProcess[str]:
    root.mkdir()
    words = ["unshare", "--mount", sys.executable, "-c", IN_CHROOT, str(root), bind]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("bind", ["plain", "bound"])
def test_a_chroots_nodes_are_in_the_chroot(bind: str, tmp_path: Path) -> None:
    done = run(tmp_path / "root", bind)
    assert done.stderr == ""
    assert done.stdout.split() == ["None", "herelo", "a", "['marker',", "'netns']"]


def test_without_proc_it_is_said_in_a_sentence(tmp_path: Path) -> None:
    done = run(tmp_path / "root", "bare")
    assert done.stdout == "/proc is not mounted here: `mount -t proc proc /proc`\n"
    assert done.stderr.splitlines()[-1] == f"nlan.errors.HostError: {done.stdout.strip()}"


def test_without_a_privilege_it_is_said_in_a_sentence() -> None:
    code = "from nlan.runtimes.netns.probe import why_not_nodes; print(why_not_nodes())"
    words = ["setpriv", "--bounding-set", "-sys_admin", sys.executable, "-c", code]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert said.startswith(
        "no network namespace can be made here (Operation not permitted): nlan needs root's"
    )


def test_this_machine_can_have_nodes() -> None:
    assert why_not_nodes() is None
