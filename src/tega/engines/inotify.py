"""The kernel's word when a file is written, as a descriptor to wait on (inotify(7))."""

from __future__ import annotations

import ctypes
import os

IN_MODIFY = 0x2
IN_NONBLOCK = os.O_NONBLOCK
IN_CLOEXEC = os.O_CLOEXEC


def watch_file(path: str) -> int:
    """Return a descriptor that turns readable when the file is written; -1 where there is none to have.

    Instances of inotify are limited per user; whoever gets -1 polls.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    fd = int(libc.inotify_init1(IN_NONBLOCK | IN_CLOEXEC))
    if fd < 0:
        return -1
    if libc.inotify_add_watch(fd, os.fsencode(path), IN_MODIFY) < 0:
        os.close(fd)
        return -1
    return fd
