"""What expansion must know of the machine, handed in so that expanding stays pure."""

from __future__ import annotations

from typing import NamedTuple


class Abilities(NamedTuple):
    """What this machine's programs can do.

    Attributes:
        frr_manager: Whether FRR comes with ``mgmtd``, as it does since version 9; without it zebra,
            staticd and ripd hold their configuration themselves.
        frr_absent: FRR's daemons that are not installed; raw lines for them are left out.
    """

    frr_manager: bool = True
    frr_absent: frozenset[str] = frozenset()


ABLE = Abilities()
"""A machine that can do all."""
