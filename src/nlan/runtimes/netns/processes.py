"""Processes in namespaces: who they are, and how they are ended.

A process belongs to a namespace when its network namespace is that one; it does not matter who
started it. Ending goes by process descriptors, so a number that is used again hits nobody.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Collection, Iterable

TERM_SECONDS = 2.0
"""How long a process may take to end itself after SIGTERM."""
KILL_SECONDS = 5.0
"""How long the kernel may take to end a process after SIGKILL."""


def process_inodes(kind: str = "net") -> dict[int, int]:
    """Return the inode number of each process's namespace of a kind; zombies have none."""
    inodes = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                inodes[int(name)] = os.stat(f"/proc/{name}/ns/{kind}").st_ino
            except OSError:
                continue  # gone, or a zombie
    return inodes


def program_name(pid: int) -> str:
    """Return the program's name as the kernel keeps it, empty where the process is gone."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().rstrip("\n")
    except OSError:
        return ""


def end_processes(find: Callable[[], Iterable[int]], term_s: float = TERM_SECONDS) -> list[int]:
    """End all processes that `find` returns, and those they start meanwhile.

    SIGTERM first; who is still there after `term_s` seconds gets SIGKILL. The caller itself is
    spared. Returns once all are gone; the ids returned survived even that (uninterruptible).
    """
    deadline = time.monotonic() + term_s
    _signal_until_gone(find, signal.SIGTERM, deadline)
    left = _signal_until_gone(find, signal.SIGKILL, time.monotonic() + KILL_SECONDS)
    return sorted(left)


def _signal_until_gone(
    find: Callable[[], Iterable[int]], number: signal.Signals, deadline: float
) -> Collection[int]:
    descriptors: dict[int, int] = {}
    try:
        while True:
            found = {pid for pid in find() if pid != os.getpid()}
            for pid in found - descriptors.keys():
                _signal_new(pid, number, descriptors)
            if not found or time.monotonic() >= deadline:
                return found
            _wait_for_any_end(descriptors, deadline)
    finally:
        for descriptor in descriptors.values():
            os.close(descriptor)


def _signal_new(pid: int, number: signal.Signals, descriptors: dict[int, int]) -> None:
    try:
        descriptors[pid] = os.pidfd_open(pid)
        signal.pidfd_send_signal(descriptors[pid], number)
    except ProcessLookupError:
        return


def _wait_for_any_end(descriptors: dict[int, int], deadline: float) -> None:
    """Wait until all of them have ended, or the deadline."""
    waiting = select.poll()
    for descriptor in descriptors.values():
        waiting.register(descriptor, select.POLLIN)
    left = dict.fromkeys(descriptors.values())
    while left and (remaining := deadline - time.monotonic()) > 0:
        for descriptor, _ in waiting.poll(remaining * 1000):
            waiting.unregister(descriptor)
            left.pop(descriptor)
    for pid, descriptor in list(descriptors.items()):
        if descriptor not in left:
            os.close(descriptors.pop(pid))
