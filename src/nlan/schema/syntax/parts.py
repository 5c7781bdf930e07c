"""Files that a lab names: they are read like the lab's own, and only where who wrote the lab may read.

A lab may be somebody else's, and is often run as root. So root reads for a lab what the caller of sudo may
read, or else the lab's owner; for a lab of root's own, what everybody may read, or what lies, links
resolved, in the folder of the lab or in the one that nlan is run in. It is a regular file; opening it
never waits.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from nlan.schema.syntax import access
from nlan.schema.syntax.report import Position, Report
from nlan.schema.syntax.source import check_signs, decode, read_bytes


def read_part(name: str, lab: Path, report: Report) -> str | None:
    """Return the text of the file that the lab's file at `lab` calls `name`, or None after saying why not.

    An empty one is fine.
    """
    try:
        with access.found(lab.parent / name) as descriptor:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                report.error(Position(), f"this is {_kind(mode)}; expected a file")
                return None
            if refused := _refused(descriptor, mode, lab):
                report.error(Position(), *refused)
                return None
            with open(access.path_of(descriptor), "rb") as file:
                data = read_bytes(file, report)
    except FileNotFoundError:
        report.error(Position(), "there is no such file")
        return None
    except (OSError, ValueError) as error:
        report.error(Position(), f"the file cannot be read: {getattr(error, 'strerror', None) or error}")
        return None
    text = None if data is None else decode(data, report)
    return None if text is None else check_signs(text, report)


def _kind(mode: int) -> str:
    kinds = {stat.S_ISDIR: "a directory", stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket"}
    return next((name for test, name in kinds.items() if test(mode)), "a device")


def _refused(descriptor: int, mode: int, lab: Path) -> tuple[str, ...]:
    """Return why a file is not read for that lab, and what to do; nothing where it is."""
    if os.geteuid() != 0:
        return ()  # the kernel says what this user may read
    caller, owner = access.caller(), _owner(lab)
    if caller is not None:
        allowed = access.may_read(descriptor, caller)
        return () if allowed else (f"the file cannot be read by user {caller}, who called sudo",)
    if owner:
        allowed = access.may_read(descriptor, owner)
        return () if allowed else (f"the file cannot be read by user {owner}, who owns the lab's file",)
    real = Path(os.readlink(access.path_of(descriptor)))
    if mode & stat.S_IROTH or any(real.is_relative_to(folder) for folder in _folders(lab)):
        return ()
    return (
        "the file is not for everybody, and neither in the lab's folder nor in the one nlan is run in",
        "let others read it, or run nlan in a folder that holds both",
    )


def _owner(lab: Path) -> int:
    """Return who owns the lab's file; root where there is none any more."""
    with suppress(OSError):
        return lab.stat().st_uid
    return 0


def _folders(lab: Path) -> list[str]:
    return [os.path.realpath(lab.parent), os.path.realpath(".")]
