"""Daemons that have outlived their zebra.

Before version 9 such a daemon connects to the next zebra and does not tell it its routes: it has to
be started again, as FRR's own watchfrr does. Newer ones, which come with mgmtd, tell all once more.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from nlan.drivers.frr.files import Files

_START_TIME = 19
"""Of /proc/PID/stat: clock ticks from the boot to the process's start, counted behind its name."""


def is_orphan(files: Files) -> bool:
    """Tell whether the daemon is of no use any more, since its zebra ended or was started after it."""
    if files.daemon == "zebra" or files.has_manager:
        return False
    began = _began(files.pid)
    zebra = _began(files._replace(daemon="zebra").pid)
    return began is not None and (zebra is None or began < zebra)


def _began(pid_file: Path) -> int | None:
    """Return when the process that the file names was started, None where there is none."""
    with suppress(OSError, ValueError, IndexError):
        stat = Path(f"/proc/{int(pid_file.read_text())}/stat").read_text()
        return int(stat.rpartition(")")[2].split()[_START_TIME])
    return None
