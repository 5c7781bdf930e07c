"""The few system calls that Python 3.11 does not offer, and nothing else.

Every function raises `OSError` with the kernel's errno and the path it was about.
"""

from __future__ import annotations

import ctypes
import os

CLONE_FS = 0x00000200
CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWNET = 0x40000000

MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_SHARED = 1 << 20
MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = [
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_ulong,
    ctypes.c_char_p,
]
_libc.umount2.argtypes = [ctypes.c_char_p, ctypes.c_int]
_libc.setns.argtypes = [ctypes.c_int, ctypes.c_int]
_libc.unshare.argtypes = [ctypes.c_int]


def _check(result: int, what: str) -> None:
    if result != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno), what)


def setns(fd: int, kind: int = 0) -> None:
    """Move the calling thread into the namespace behind `fd`; `kind` 0 takes any kind."""
    _check(_libc.setns(fd, kind), "setns")


def unshare(flags: int) -> None:
    """Give the calling thread its own copies or new namespaces, as `flags` (CLONE_*) says."""
    _check(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str | None, flags: int) -> None:
    """Mount, bind, or change how mounts propagate: the call of that name."""
    kind_octets = None if kind is None else kind.encode()
    _check(_libc.mount(os.fsencode(source), os.fsencode(target), kind_octets, flags, None), target)


def umount(target: str, flags: int = MNT_DETACH) -> None:
    """Unmount what is mounted topmost at `target`; lazily unless `flags` says otherwise."""
    _check(_libc.umount2(os.fsencode(target), flags), target)
