"""BIRD's programs on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from nlan.engines.base import Program, version
from nlan.errors import HostError

DAEMON = "bird"
DIRECTORIES = ("/usr/sbin", "/usr/local/sbin")
"""Where they are besides the search path."""
REMEDY = "apt-get install bird2"


def find_program(name: str) -> str | None:
    """Return the path of one of BIRD's programs, None where it is not installed."""
    import shutil  # 2 ms, and most labs have no BIRD

    others = (f"{directory}/{name}" for directory in DIRECTORIES)
    return shutil.which(name) or next((path for path in others if os.access(path, os.X_OK)), None)


def program(name: str) -> str:
    """Return the path of one of BIRD's programs.

    Raises:
        HostError: It is not installed.
    """
    if (path := find_program(name)) is not None:
        return path
    raise HostError(f"{name} is missing: install BIRD 2 (Debian: {REMEDY})")


class BirdPrograms:
    """The daemon and its tool."""

    def capabilities(self) -> None:
        """Every BIRD 2 can do all that is asked of it."""

    def missing(self, daemons: Iterable[str]) -> dict[str, str]:
        """Return bird where it is not installed."""
        if DAEMON not in set(daemons) or find_program(DAEMON) is not None:
            return {}
        return {DAEMON: f"{DAEMON} is not installed (Debian: {REMEDY})"}

    def all(self) -> Iterator[Program]:
        """Yield both."""
        for name, purpose in ((DAEMON, "`engine: bird`"), ("birdc", "talking to BIRD in nodes")):
            path = find_program(name)
            detail = version([path, "--version"]) if path is not None and name == DAEMON else path
            yield Program(name, path is not None, False, detail or "not found", purpose, REMEDY)
