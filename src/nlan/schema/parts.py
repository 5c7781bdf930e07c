"""Files that a lab names: they are read like the lab's own, and only where who wrote the lab may read.

A lab may be somebody else's, and is often run as root. So what it names lies, links resolved, in the
folder of the lab or in the one that nlan is run in; it is a regular file, and opening it never waits;
and a lab that the caller of sudo may read names nothing that the caller may not.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from nlan.schema.report import Place, Report
from nlan.schema.source import check_signs, decode, read_bytes


def read_part(name: str, lab: Path, report: Report) -> str | None:
    """Return the text of the file that the lab's file at `lab` calls `name`, or None after saying why not.

    An empty one is fine.
    """
    try:
        path = Path(os.path.realpath(lab.parent / name))
        if not any(path.is_relative_to(folder) for folder in _folders(lab)):
            report.error(
                Place(),
                "the file is neither in the lab's folder nor in the one that nlan is run in",
                "run nlan in a folder that holds both",
            )
            return None
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except FileNotFoundError:
        report.error(Place(), "there is no such file")
        return None
    except (OSError, ValueError) as error:
        report.error(Place(), f"the file cannot be read: {getattr(error, 'strerror', None) or error}")
        return None
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            report.error(Place(), f"this is {_kind(mode)}; expected a file")
            return None
        if not _is_the_callers(lab, path):
            report.error(Place(), f"the file cannot be read by {os.environ['SUDO_UID']}, who called sudo")
            return None
        data = read_bytes(file, report)
    text = None if data is None else decode(data, report)
    return None if text is None else check_signs(text, report)


def _folders(lab: Path) -> list[str]:
    return [os.path.realpath(lab.parent), os.path.realpath(".")]


def _kind(mode: int) -> str:
    kinds = {stat.S_ISDIR: "a directory", stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket"}
    return next((name for test, name in kinds.items() if test(mode)), "a device")


def _is_the_callers(lab: Path, path: Path) -> bool:
    """Whether who called sudo may read the part; where not even the lab, it is root's own business."""
    caller = os.environ.get("SUDO_UID", "0")
    if os.geteuid() != 0 or not caller.isdecimal() or caller == "0":
        return True
    groups = _groups(int(caller))
    return _may_read(path, int(caller), groups) or not _may_read(lab, int(caller), groups)


def _groups(user: int) -> set[int]:
    import pwd

    try:
        entry = pwd.getpwuid(user)
    except KeyError:
        return {int(gid) for gid in (os.environ.get("SUDO_GID", ""),) if gid.isdecimal()}
    return set(os.getgrouplist(entry.pw_name, entry.pw_gid))


def _may_read(path: Path, user: int, groups: set[int]) -> bool:
    """Whether the user may read the file by its mode and those of the folders above it."""
    real = Path(os.path.realpath(path))
    wanted = [(real, 4), *((folder, 1) for folder in real.parents)]
    try:
        return all(_allows(os.stat(one), bit, user, groups) for one, bit in wanted)
    except OSError:
        return False


def _allows(found: os.stat_result, bit: int, user: int, groups: set[int]) -> bool:
    shift = 6 if found.st_uid == user else 3 if found.st_gid in groups else 0
    return bool(found.st_mode >> shift & bit)
