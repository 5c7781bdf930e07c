"""Databases that older versions of nlan wrote: `tests/cases/databases`, an archive each.

`older` is of a lab that runs: two routers, a route reflector of GoBGP, two customers with hosts behind them,
an L2VPN; three changes by `set` after the first `up`.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

from support import ROOT

OLDER = "older"
"""The lab's name, and the archive's."""
REVISIONS = (1, 3, 5, 7)


def unpack(state_directory: Path, name: str = OLDER) -> None:
    """Put a database where nlan keeps those of its labs."""
    with tarfile.open(ROOT / "tests" / "cases" / "databases" / f"{name}.tar.xz") as archive:
        for member in archive:  # `extractall` wants a filter, which Python 3.11.2 does not know
            path = state_directory / member.name
            if file := archive.extractfile(member):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.read())
                path.chmod(member.mode)
            else:
                path.mkdir(parents=True, exist_ok=True)
                path.chmod(member.mode)
