"""Daemons that have outlived their zebra.

Such a daemon looks for the next zebra after 10 s, or after a minute, and does not tell that one all that
it told the last: FRR before version 9 not its routes, bgpd of 10.3 not what it redistributes. It has to
be started again, as FRR's own watchfrr does. mgmtd alone has no use for zebra.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from nlan.engines.frr.programs import MANAGER
from nlan.engines.frr.run.files import Files
from nlan.processes import PID_MAX
from nlan.system import safefiles

_STATE, _START_TIME = 0, 19
"""Of /proc/PID/stat, counted behind the name: clock ticks from the boot to the process's start."""


def is_orphan(files: Files, *, zebra: bool = True) -> bool:
    """Tell whether the daemon is of no use any more, since its zebra ended or was started after it.

    Args:
        files: The daemon's.
        zebra: False where the node's zebra is known to be of no use itself.
    """
    if files.daemon in ("zebra", MANAGER):
        return False
    began = _began(files.pid)
    first = _began(files._replace(daemon="zebra").pid) if zebra else None
    return began is not None and (first is None or began < first)


def _began(pid_file: Path) -> int | None:
    """Return when the process that the file names was started, None where there is none any more."""
    with suppress(OSError, ValueError, IndexError):
        pid = int(safefiles.read(pid_file, PID_MAX))
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if stat[_STATE] in "ZX" else int(stat[_START_TIME])
    return None
