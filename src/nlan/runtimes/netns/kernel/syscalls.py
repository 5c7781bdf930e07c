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

_OPEN_TREE, _MOVE_MOUNT = 428, 429  # one number on every architecture
_AT_FDCWD = -100
_OPEN_TREE_CLONE = 1
_AT_RECURSIVE, _AT_EMPTY_PATH = 0x8000, 0x1000
_MOVE_MOUNT_F_EMPTY_PATH = 4

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
_libc.syscall.restype = ctypes.c_long


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


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """Mount, bind, or change how mounts propagate: the call of that name."""
    encoded = [None if text is None else text.encode() for text in (kind, options)]
    _check(_libc.mount(os.fsencode(source), os.fsencode(target), encoded[0], flags, encoded[1]), target)


def open_tree(path: str) -> int:
    """Return a descriptor of what stands at `path` without what is mounted below, a mount with no place.

    It goes to its place with `move_mount` (Linux 5.2).
    """
    return _open_tree(_AT_FDCWD, path, 0)


def open_whole_tree(descriptor: int) -> int:
    """Return the same of an open directory, with all that is mounted below."""
    return _open_tree(descriptor, "", _AT_RECURSIVE | _AT_EMPTY_PATH)


def _open_tree(directory: int, path: str, flags: int) -> int:
    asked = ctypes.c_uint(_OPEN_TREE_CLONE | os.O_CLOEXEC | flags)
    descriptor: int = _libc.syscall(_OPEN_TREE, directory, os.fsencode(path), asked)
    _check(min(descriptor, 0), path)
    return descriptor


def move_mount(tree: int, target: str) -> None:
    """Mount what `open_tree` returned at `target` in the calling thread's mount namespace."""
    empty_path = ctypes.c_uint(_MOVE_MOUNT_F_EMPTY_PATH)
    _check(_libc.syscall(_MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(target), empty_path), target)


def umount(target: str, flags: int = MNT_DETACH) -> None:
    """Unmount what is mounted topmost at `target`; lazily unless `flags` says otherwise."""
    _check(_libc.umount2(os.fsencode(target), flags), target)
