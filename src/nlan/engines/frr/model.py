"""What a router holds for FRR: the lines that the user brings."""

from __future__ import annotations

from typing import ClassVar

from nlan.services.router.model import Raw


class FrrRaw(Raw, frozen=True, kw_only=True):
    """FRR configuration that the user brings.

    Attributes:
        text: The lines, as in frr.conf.
        daemons: Which daemons must run for it, such as ``isisd``; those derived run anyway.
        only: True: nothing is derived, the text is the whole configuration.
    """

    key: ClassVar[str] = "frr"
    title: ClassVar[str] = "FRR"
    daemons: tuple[str, ...] = ()
    only: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing is derived beside it."""
        return self.only
