"""Ending daemons that nlan started: by descriptor, once name and namespace say it is the right process."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from nlan.errors import HostError
from nlan.resources import Key
from nlan.runtimes.base import Nodes
from nlan.system import safefiles

TERM_S = 5.0
"""How long a daemon may take to end after SIGTERM."""
KILL_S = 5.0
PID_MAX = 32
"""Bytes of a file with a process id."""
COMM_MAX = 15
"""Characters that the kernel keeps of a program's name."""


def open_daemon(nodes: Nodes, namespace: str, program: str, pid_file: Path) -> int | None:
    """Return a descriptor of the process that the file names, None where it does not run.

    The number may be another process's by now: program name and network namespace tell.
    """
    try:
        pid = int(safefiles.read(pid_file, PID_MAX))
        pidfd = os.pidfd_open(pid)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    if _is_it(nodes, namespace, program, pid):
        return pidfd
    os.close(pidfd)
    return None


def is_stopped(pid_file: Path) -> bool:
    """Tell whether the process that the file names stands still (SIGSTOP): it answers nobody."""
    with suppress(OSError, ValueError, IndexError):
        pid = int(safefiles.read(pid_file, PID_MAX))
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt"
    return False


def open_all(nodes: Nodes, words: Mapping[Key, Collection[str]]) -> dict[int, Key]:
    """Return descriptors of all processes that nlan started for these daemons, with whose they are.

    They are found by what runs, not by a file that says so: that may be lost, or not written yet by a
    daemon whose nlan was killed at its start. Somebody else's process of the same program is left alone.

    Args:
        nodes: Where they are.
        words: Per daemon, whose key has the program's name, words of which nlan's command line has one.
    """
    running = nodes.all_processes(sorted({key.namespace for key in words}))
    found: dict[int, Key] = {}
    for key, wanted in words.items():
        for pid in [pid for pid, name in running[key.namespace].items() if name == key.name[:COMM_MAX]]:
            with suppress(ProcessLookupError):
                pidfd = os.pidfd_open(pid)
                if _is_it(nodes, key.namespace, key.name, pid) and not set(_words(pid)).isdisjoint(wanted):
                    found[pidfd] = key
                else:
                    os.close(pidfd)
    return found


def _words(pid: int) -> list[str]:
    with suppress(OSError):
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).split("\0")
    return []


def _is_it(nodes: Nodes, namespace: str, program: str, pid: int) -> bool:
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        inode = os.stat(f"/proc/{pid}/ns/net").st_ino
        descriptor = nodes.netns_fd(namespace)
    except (OSError, HostError):
        return False
    try:
        return name == program[:COMM_MAX] and inode == os.fstat(descriptor).st_ino
    finally:
        os.close(descriptor)


def end(processes: Mapping[int, Key]) -> set[Key]:
    """End processes by descriptor, all at once: SIGTERM, later SIGKILL; close the descriptors.

    Returns those that are still there, which only an uninterruptible wait explains.
    """
    left = set(processes)
    for number, seconds in ((signal.SIGTERM, TERM_S), (signal.SIGKILL, KILL_S)):
        for pidfd in left:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, number)
                signal.pidfd_send_signal(pidfd, signal.SIGCONT)  # one that stands still would not hear it
        left = _wait(left, seconds)
    for pidfd in processes:
        os.close(pidfd)
    return {processes[pidfd] for pidfd in left}


def _wait(processes: Iterable[int], seconds: float) -> set[int]:
    poll = select.poll()
    left = set(processes)
    for pidfd in left:
        poll.register(pidfd, select.POLLIN)
    deadline = time.monotonic() + seconds
    while left and (remaining := deadline - time.monotonic()) > 0:
        for pidfd, _ in poll.poll(remaining * 1000):
            poll.unregister(pidfd)
            left.remove(pidfd)
    return left
