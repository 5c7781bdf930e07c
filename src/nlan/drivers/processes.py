"""Ending daemons that nlan started: by number, once name and namespace say it is the right process."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from nlan.drivers.base import Place
from nlan.errors import HostError
from nlan.resources import Key

TERM_S = 5.0
"""How long a daemon may take to end after SIGTERM."""
KILL_S = 5.0
COMM_MAX = 15
"""Characters that the kernel keeps of a program's name."""


def open_daemon(place: Place, namespace: str, program: str, pid_file: Path) -> int | None:
    """Return a descriptor of the process that the file names, None where it does not run.

    The number may be another process's by now: program name and network namespace tell.
    """
    try:
        pid = int(pid_file.read_text())
        pidfd = os.pidfd_open(pid)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    if _is_it(place, namespace, program, pid):
        return pidfd
    os.close(pidfd)
    return None


def _is_it(place: Place, namespace: str, program: str, pid: int) -> bool:
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        inode = os.stat(f"/proc/{pid}/ns/net").st_ino
        descriptor = place.netns_fd(namespace)
    except (OSError, HostError):
        return False
    try:
        return name == program[:COMM_MAX] and inode == os.fstat(descriptor).st_ino
    finally:
        os.close(descriptor)


def end(processes: Mapping[Key, int]) -> set[Key]:
    """End processes by descriptor, all at once: SIGTERM, later SIGKILL; close the descriptors.

    Returns those that are still there, which only an uninterruptible wait explains.
    """
    left = set(processes)
    for number, seconds in ((signal.SIGTERM, TERM_S), (signal.SIGKILL, KILL_S)):
        for key in left:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(processes[key], number)
        left = _wait({key: processes[key] for key in left}, seconds)
    for pidfd in processes.values():
        os.close(pidfd)
    return left


def _wait(processes: Mapping[Key, int], seconds: float) -> set[Key]:
    poll = select.poll()
    left = {pidfd: key for key, pidfd in processes.items()}
    for pidfd in left:
        poll.register(pidfd, select.POLLIN)
    deadline = time.monotonic() + seconds
    while left and (remaining := deadline - time.monotonic()) > 0:
        for pidfd, _ in poll.poll(remaining * 1000):
            poll.unregister(pidfd)
            del left[pidfd]
    return set(left.values())
