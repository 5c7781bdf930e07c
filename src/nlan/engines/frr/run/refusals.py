"""Lines that FRR refuses: what a user wrote is reported and left out, as FRR leaves it out of its file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nlan.engines.frr.config import file as frrfile
from nlan.engines.frr.config.tree import Path, paths
from nlan.engines.frr.run.files import Files
from nlan.secrets import hide
from nlan.system import safefiles

_BAD_LINE = re.compile(r"\] (.+) on config line (\d+): *(.*)$", re.MULTILINE)


class Refusal(NamedTuple):
    """What a daemon did not take; as a text, with keys hidden.

    Attributes:
        namespace: The node.
        daemon: Who refused.
        path: The line with the sections around it; empty where it is the change as a whole, for which the
            daemon was started again.
        line: Where it stands in the user's text, from 1; 0 where that is not known.
        words: What FRR says of it.
        key: The key of the file whose text that is.
    """

    namespace: str
    daemon: str
    path: Path
    line: int
    words: str
    key: str = "frr"

    def __str__(self) -> str:
        if not self.path:
            return f"{self.daemon} was started again: {self.words}"
        return hide(f"{self.daemon} does not take `{' / '.join(self.path)}`: {self.words}")


def started_again(namespace: str, daemon: str) -> Refusal:
    """Return what is told of a daemon that could not be changed in place."""
    words = "FRR does not come to these lines in place, so its sessions were reset"
    return Refusal(namespace, daemon, (), 0, words)


class OfFile(NamedTuple):
    """What a daemon refused of its file: what the user wrote, and what nlan did; each with FRR's words."""

    written: dict[Path, str]
    derived: dict[str, str]


def of_file(files: Files, since: int, config: Sequence[str], written: Mapping[Path, int]) -> OfFile:
    """Return what the daemon's log tells of its file.

    Args:
        files: The daemon's.
        since: Where in its log the reading of the file began.
        config: The lines that the file was made of.
        written: Those that the user wrote.
    """
    found = OfFile({}, {})
    configured = _BAD_LINE.findall(_log(files, since))
    rows = list(frrfile.rows(paths(config))) if configured and written else []
    own = {line.strip() for line in config}
    for words, number, line in configured:  # mgmtd reads several files and does not name them
        row, path = rows[int(number) - 1] if 0 < int(number) <= len(rows) else ("", None)
        if path is not None and path in written and row.strip() == line.strip():
            found.written[path] = words
        elif line.strip() in own and not any(line.strip() == path[-1] for path in written):
            found.derived[line.strip()] = words
    return found


def _log(files: Files, since: int) -> str:
    try:
        with safefiles.regular(files.config_log) as log:
            return os.pread(log, safefiles.READ_MAX, since).decode(errors="replace")
    except OSError:
        return ""
