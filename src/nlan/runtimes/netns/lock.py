"""One nlan at a time per lab: an advisory lock that dies with its holder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from nlan.errors import LockedError
from nlan.paths import Paths
from nlan.runtimes.netns import pins


@contextlib.contextmanager
def lab_lock(
    paths: Paths,
    lab: str,
    *,
    on_wait: Callable[[str], None] | None = None,
    timeout_s: float = 600.0,
    directories: Mapping[str, Path] = MappingProxyType({}),
) -> Iterator[bool]:
    """Hold the lab's lock for the length of the block; it ends with the process, however that ends.

    The block is told whether the last holder was killed, or failed, at whatever it did then. The run
    directory and the lab's directory are made on entry; where nothing but the lock is left in the lab's
    directory at the end, both go again.

    Args:
        paths: Where.
        lab: Whose.
        on_wait: Called once with a sentence when another nlan holds it; without it nlan does not wait.
        timeout_s: How long to wait, in seconds.
        directories: See `nlan.runtimes.netns.pins.restore_host`.

    Raises:
        LockedError: Somebody else holds it (still).
        HostError: The run directory cannot be made.
    """
    descriptor = _acquire(paths, lab, on_wait, timeout_s)
    try:
        killed = os.fstat(descriptor).st_size > 0
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield killed
        os.ftruncate(descriptor, 0)
    finally:
        _release(paths, lab, descriptor, directories)


def lock_holder(paths: Paths, lab: str) -> int | None:
    """Return the process id of whoever holds the lab's lock, None where it is free."""
    try:
        descriptor = os.open(_lock_path(paths, lab), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.pread(descriptor, 32, 0).strip() or b"0")
    finally:
        os.close(descriptor)
    return None


def leave_host(paths: Paths, directories: Mapping[str, Path] = MappingProxyType({})) -> None:
    """Take away what nlan made around its labs, where none is left; for who kept a file open there."""
    if paths.run.parent.is_dir():
        with pins.directory_lock(paths.run.parent):
            if paths.run.is_dir():
                pins.restore_host(paths, directories)


def _lock_path(paths: Paths, lab: str) -> Path:
    return paths.lab(lab) / "lock"


def _acquire(paths: Paths, lab: str, on_wait: Callable[[str], None] | None, timeout_s: float) -> int:
    path = _lock_path(paths, lab)
    while True:
        paths.run.parent.mkdir(parents=True, exist_ok=True)
        with pins.directory_lock(paths.run.parent):
            pins.prepare_run(paths)
            path.parent.mkdir(mode=0o755, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            _lock(descriptor, lab, on_wait, timeout_s)
        except BaseException:
            os.close(descriptor)
            raise
        if _is_same_file(descriptor, path):
            return descriptor
        os.close(descriptor)  # the holder before us removed the lab, and the file with it


def _lock(descriptor: int, lab: str, on_wait: Callable[[str], None] | None, timeout_s: float) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode().strip() or "unknown"
        sentence = f"another nlan (process {holder}) is at work on lab {lab}"
        if on_wait is None:
            raise LockedError(f"{sentence}; try again when it is done") from None
        on_wait(f"{sentence}; waiting for it")
        if not _lock_within(descriptor, lab, timeout_s):
            raise LockedError(f"{sentence}, still after {timeout_s:g} s") from None


def _lock_within(descriptor: int, lab: str, timeout_s: float) -> bool:
    """Wait in a thread, since flock knows no deadline; an abandoned wait lets go of what it gets."""
    twin = os.dup(descriptor)
    abandoned = threading.Event()

    def wait() -> None:
        try:
            fcntl.flock(twin, fcntl.LOCK_EX)
            if abandoned.is_set():
                fcntl.flock(twin, fcntl.LOCK_UN)
        finally:
            os.close(twin)

    thread = threading.Thread(target=wait, daemon=True, name=f"nlan waits for {lab}")
    thread.start()
    try:
        thread.join(timeout_s)
    finally:
        if thread.is_alive():
            abandoned.set()
    return not thread.is_alive()


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _release(paths: Paths, lab: str, descriptor: int, directories: Mapping[str, Path]) -> None:
    directory = paths.lab(lab)
    with pins.directory_lock(paths.run.parent):
        if os.listdir(directory) == ["lock"]:
            os.unlink(directory / "lock")
            directory.rmdir()
        os.close(descriptor)
        pins.restore_host(paths, directories)
