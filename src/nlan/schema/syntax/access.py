"""What root reads on somebody else's behalf: what they may read themselves, and nothing more.

Files are opened twice: by a descriptor that reads nothing, so that a device or a pipe is seen before it is
touched, and by way of that descriptor, so that what was judged is what is read, whatever its name leads
to by then.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SHELLS = frozenset(("ash", "bash", "csh", "dash", "fish", "ksh", "mksh", "sh", "su", "tcsh", "zsh"))
"""Who starts one of these by sudo is root from then on, though the environment still tells of the caller."""


@contextmanager
def found(path: Path) -> Iterator[int]:
    """Give a descriptor that tells what a file is and cannot read it.

    Raises:
        OSError: Nothing is there, or the way to it is barred.
    """
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def path_of(descriptor: int) -> str:
    """Return a name by which just that file is opened."""
    return f"/proc/self/fd/{descriptor}"


def caller() -> int | None:
    """Return the user who had sudo run this very command; None where nobody did."""
    user = os.environ.get("SUDO_UID", "0")
    if os.geteuid() != 0 or not user.isdecimal() or user == "0":
        return None
    command = os.environ.get("SUDO_COMMAND", "").split(" ", 1)[0]
    return None if os.path.basename(command) in _SHELLS else int(user)


def may_read(descriptor: int, user: int) -> bool:
    """Tell whether a user may read an open file, by its mode and those of the folders above it."""
    groups = _groups(user)
    here = os.fstat(descriptor)
    try:
        real = Path(os.readlink(path_of(descriptor)))
        return (
            os.path.samestat(os.stat(real), here)
            and allows(here, 4, user, groups)
            and all(allows(os.stat(folder), 1, user, groups) for folder in real.parents)
        )
    except OSError:
        return False


def allows(what: os.stat_result, bit: int, user: int, groups: set[int]) -> bool:
    """Tell whether a mode gives a user who is in these groups the right to read (4) or to pass (1)."""
    shift = 6 if what.st_uid == user else 3 if what.st_gid in groups else 0
    return bool(what.st_mode >> shift & bit)


def is_stored(mode: int) -> bool:
    """Tell whether a file holds what somebody keeps from others: it is no pipe, terminal or the like."""
    return stat.S_ISREG(mode) or stat.S_ISBLK(mode)


def _groups(user: int) -> set[int]:
    import pwd

    try:
        entry = pwd.getpwuid(user)
    except KeyError:
        return {int(gid) for gid in (os.environ.get("SUDO_GID", ""),) if gid.isdecimal()}
    return set(os.getgrouplist(entry.pw_name, entry.pw_gid))
