"""An exporter: who is there, a file for each node."""

from __future__ import annotations

from pathlib import PurePosixPath

from nlan.exporters.base import Exported
from nlan.model import Lab


class Rollcall:
    """See `nlan.exporters.base.Exporter`."""

    summary = "who is there, a file for each node"

    def export(self, lab: Lab) -> Exported:
        files = {PurePosixPath(lab.name, f"{node.name}.txt"): f"{node.name}: here\n" for node in lab.nodes}
        return Exported(files, (f"{len(lab.links)} links are not told",) if lab.links else ())


EXPORTER = Rollcall()
