"""A machine to boot, to stop and to boot again: systemd as the first process of namespaces of its own.

It sees this machine's file system and writes into memory; what it wrote stays over a boot, but for /run.
It has no network. Needs root, systemd and version 2 of cgroups, with or without controllers.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from support import ROOT

SYSTEMD = Path("/lib/systemd/systemd")
UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--cgroup", "--uts", "--ipc", "--net")
BOOT = """
set -e
mount --make-rprivate /
cd "$1"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/written,workdir=$1/work" root
cd root
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run
if [ ! -e ".$2" ]; then
    mkdir -p ".$2"
    mount --rbind "$2" ".$2"
fi
rm -f etc/fstab
mkdir -p etc/tmpfiles.d
ln -sf /dev/null etc/tmpfiles.d/tmp.conf
ln -sf /dev/null etc/systemd/system/tmp.mount
find etc/systemd/system -path '*.wants/*' ! -name 'nlan-*' -delete
pivot_root . mnt
umount --lazy /mnt
exec env -i container=other PATH=/usr/sbin:/usr/bin /lib/systemd/systemd --unit=multi-user.target
"""
"""Of this machine's services none starts there but nlan's; /tmp stays, for this tree may be in it."""


def missing() -> str:
    """Return what this machine lacks, as the reason of a skip; empty if nothing."""
    if os.geteuid() != 0:
        return "booting systemd needs root"
    if not SYSTEMD.exists() or shutil.which("systemctl") is None:
        return "systemd is not installed"
    if _cgroups() is None:
        return "no version 2 of cgroups that can be written"
    done = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, check=False)
    return f"namespaces: {done.stderr.strip()}" if done.returncode else ""


def _cgroups() -> Path | None:
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, path, kind, *_ = line.split()
        if kind == "cgroup2" and os.access(path, os.W_OK):
            return Path(path)
    return None


class Booted:
    """One machine. `directory` is its disk, and empty."""

    def __init__(self, directory: Path) -> None:
        cgroups = _cgroups()
        assert cgroups is not None
        self._directory, self._cgroup = directory, cgroups / f"nlan-booted-{os.getpid()}"
        self._process: subprocess.Popen[bytes] | None = None
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(directory)], check=True)
        for name in ("root", "written", "work"):
            (directory / name).mkdir()

    def boot(self) -> None:
        """Start it and wait until its services have started."""
        self._cgroup.mkdir()
        joined = f"echo 0 > '{self._cgroup}/cgroup.procs' && exec \"$@\""
        namespaces = ("sh", "-c", joined, "sh", *UNSHARE, "--kill-child")
        words = (*namespaces, "sh", "-c", BOOT, "sh", str(self._directory), str(ROOT))
        with open(self._directory / "console", "ab") as console:
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        self.wait(lambda: self._first() and self.run("systemctl", "show-environment").returncode == 0, "boot")
        self.run("systemctl", "is-system-running", "--wait")

    def shut_down(self, deadline_s: float = 60.0) -> None:
        """Stop it in good order."""
        assert self._process is not None
        self.run("systemctl", "poweroff", "--no-block", check=True)
        self._process.wait(deadline_s)
        self._forget()

    def remove(self) -> None:
        """End it as the power does, and take away what it wrote."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._forget()
        subprocess.run(["umount", "--lazy", str(self._directory)], check=True)

    def _forget(self) -> None:
        self._process = None
        for path, _, _ in list(os.walk(self._cgroup, topdown=False)):
            self.wait(partial(_removed, path), f"the end of {path}")

    def _first(self) -> int:
        """Return the first process, as this machine numbers it; 0 where there is none yet."""
        assert self._process is not None
        assert self._process.poll() is None, self.console()
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        for child in children.split():
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{child}/exe").endswith("/systemd"):
                    return int(child)
        return 0

    def run(self, *words: str, check: bool = False, **settings: Any) -> subprocess.CompletedProcess[str]:
        """Run a command there."""
        inside = ["nsenter", f"--target={self._first()}", "--all"]
        done = subprocess.run([*inside, *words], capture_output=True, text=True, timeout=120, **settings)
        if check and done.returncode:
            raise AssertionError(f"{words}: {done.returncode}\n{done.stdout}{done.stderr}{self.console()}")
        return done

    def path(self, name: str) -> Path:
        """Return a file of its own as this machine sees it."""
        return Path(f"/proc/{self._first()}/root/{name.lstrip('/')}")

    def console(self) -> str:
        return (self._directory / "console").read_text(errors="replace")

    def wait(self, condition: Callable[[], Any], what: str, deadline_s: float = 60.0) -> None:
        """Wait until something is so there."""
        end = time.monotonic() + deadline_s
        while not condition():
            assert time.monotonic() < end, f"{what}: not within {deadline_s} s\n{self.console()}"
            time.sleep(0.02)


def _removed(path: str) -> bool:
    with contextlib.suppress(FileNotFoundError):
        try:
            os.rmdir(path)
        except OSError:
            return False
    return True
