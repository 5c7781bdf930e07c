"""The daemons' logs, read as they grow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from nlan.engines.base import Engines, LogEvent
from nlan.system import safefiles

_CHUNK = 1 << 20
"""Bytes of a log that are read at once; of more, only the last are looked at."""


class Logs:
    """Follows logs; what stood in one when it was first seen is the past."""

    def __init__(self, engines: Engines) -> None:
        """Follow none yet; the engines read the logs of their daemons."""
        self._at: dict[Path, int] = {}
        self._readers = {
            program: engine.parse_log for engine in engines for program in engine.watches.programs
        }

    def follow(self, path: Path) -> None:
        """Begin at the log's end as it is now; twice changes nothing."""
        if path not in self._at:
            self._at[path] = _size(path)

    def forget(self, path: Path) -> None:
        """Follow it no more."""
        self._at.pop(path, None)

    def news(self, path: Path) -> Iterator[LogEvent]:
        """Yield what the log tells since the last call; a log never seen is read from its start."""
        size, at = _size(path), self._at.get(path, 0)
        if size < at:
            at = 0
        try:
            with safefiles.regular(path) as log:
                data = os.pread(log, _CHUNK, max(at, size - _CHUNK))
        except OSError:
            return
        whole = data.rfind(b"\n") + 1
        self._at[path] = max(at, size - _CHUNK) + whole
        parse = self._readers.get(path.stem.partition("-")[0])
        for line in data[:whole].decode(errors="replace").splitlines() if parse is not None else ():
            if parse is not None and (event := parse(line)) is not None:
                yield event


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
