"""What a machine's FRR can do."""

from __future__ import annotations

from typing import NamedTuple


class Capabilities(NamedTuple):
    """What FRR's programs can do.

    Attributes:
        manager: Whether FRR comes with ``mgmtd``, as it does since version 9; without it zebra,
            staticd and ripd hold their configuration themselves.
        absent: FRR's daemons that are not installed; raw lines for them are left out.
    """

    manager: bool = True
    absent: frozenset[str] = frozenset()


ABLE = Capabilities()
"""An FRR that can do all."""
