"""What the caller may do on a machine."""

from __future__ import annotations

import os
from pathlib import Path

from nlan.errors import HostError


class Privileges:
    """Those of this process."""

    @property
    def is_root(self) -> bool:
        """Whether it may work with namespaces."""
        return os.geteuid() == 0

    def may_read(self, directory: Path) -> bool:
        """Tell whether it may read what is in a directory; false where there is none."""
        return os.access(directory, os.R_OK | os.X_OK)

    def need_root(self) -> None:
        """Check that it may work with namespaces.

        Raises:
            HostError: It may not; says what to do.
        """
        if not self.is_root:
            raise HostError(
                "this needs root: run it with sudo (`nlan show`, `generate` do without, and `plan` where the "
                "lab does not run)"
            )
