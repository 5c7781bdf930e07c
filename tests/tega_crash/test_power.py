"""Loss of power: the store on an ext4 of its own, its writer frozen, the disk copied as it is then.

What never reached the disk is not in the copy: the loop device writes
its file only when the file system writes the device. The copy is mounted
(the journal replays) and opened. With ``normal`` acknowledged commits must be
missing, or the test would prove nothing.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tega.database import open_database

from .support import Writer, check_whole, missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
IMAGE_BYTES = 48 << 20


def why_not(folder: Path) -> str:
    """Why an image cannot be mounted here; empty if it can."""
    if os.geteuid() != 0:
        return "needs root to mount an image"
    if shutil.which("mkfs.ext4") is None:
        return "needs mkfs.ext4"
    if not os.path.exists("/dev/loop-control"):
        return "needs /dev/loop-control"
    probe = folder / "probe.img"
    make_image(probe)
    mounted = mount(probe, folder / "probe")
    if mounted.returncode == 0:
        subprocess.run(["umount", str(folder / "probe")], check=True)
    probe.unlink()
    return mounted.stderr.decode().strip()


def make_image(image: Path) -> None:
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0", str(image)], check=True)


def mount(image: Path, where: Path) -> subprocess.CompletedProcess[bytes]:
    where.mkdir(exist_ok=True)
    return subprocess.run(["mount", "-o", "loop", str(image), str(where)], capture_output=True)


@contextmanager
def mounted(image: Path, where: Path) -> Iterator[Path]:
    done = mount(image, where)
    assert done.returncode == 0, done.stderr
    try:
        yield where
    finally:
        subprocess.run(["umount", str(where)], check=True)


def lost_at_power_loss(folder: Path, durability: str, commits: int) -> list[int]:
    """Acknowledged revisions that are gone after a power loss; the store must open whole otherwise."""
    image, copy = folder / "disk.img", folder / "copy.img"
    make_image(image)
    with mounted(image, folder / "disk") as disk, Writer(disk / "store", durability) as writer:
        writer.read_until(commits)
        writer.stop()
        shutil.copyfile(image, copy)
    acknowledged = list(writer.acknowledged)
    with mounted(copy, folder / "again") as disk:
        with open_database(disk / "store") as database:
            lost = missing(database, acknowledged, f"w{writer.process.pid}")
        check_whole(disk / "store")
    copy.unlink()
    image.unlink()
    return lost


def test_full_loses_nothing_and_normal_does(tmp_path: Path) -> None:
    reason = why_not(tmp_path)
    if reason:
        pytest.skip(reason)
    dice = random.Random(3)
    for _ in range(4):
        assert lost_at_power_loss(tmp_path, "full", dice.randint(200, 4000)) == []
    assert lost_at_power_loss(tmp_path, "normal", 3000) != [], "the simulated loss of power loses nothing"
