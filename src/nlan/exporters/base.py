"""What an exporter is.

A module of this folder has an ``EXPORTER``; somebody else's package names its own by an entry point of the
group ``nlan.exporters``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import NamedTuple, Protocol

from nlan.model import Lab
from nlan.registry import Seam


class Exported(NamedTuple):
    """What a lab becomes.

    Attributes:
        files: Text by path, relative to where the user wants it; one that stands alone is named ``-``.
        left_out: What the other tool cannot say, a sentence each; nothing is left out in silence.
    """

    files: Mapping[PurePosixPath, str]
    left_out: tuple[str, ...] = ()


class Exporter(Protocol):
    """Writes a lab as another tool's file, or folder of files. Pure: equal labs give equal text."""

    @property
    def summary(self) -> str:
        """Return what it writes, in a few words for the list of formats."""

    def export(self, lab: Lab) -> Exported:
        """Return the lab in the other tool's words.

        Raises:
            InputError: The lab has what the tool cannot have, and without which it means something else.
        """


SEAM: Seam[Exporter] = Seam("exporters", "nlan.exporters", "EXPORTER", needs=("summary", "export"))
