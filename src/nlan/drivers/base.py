"""What routing daemons tell, whichever they are."""

from __future__ import annotations

from typing import Literal, NamedTuple


class LogEvent(NamedTuple):
    """What a line of a daemon's log tells.

    Attributes:
        kind: ``configured``: somebody gave it a configuration command.
        subject: The peer or neighbour, or the command.
    """

    kind: Literal["session-up", "session-down", "configured"]
    subject: str


class BgpSession(NamedTuple):
    """One BGP peer as a daemon sees it.

    Attributes:
        peer: Its address.
        state: ``Established``, ``Active``, ``Idle``, …
        peer_asn: Its AS as configured.
        established: How often the session came up since the daemon started.
        uptime_s: Seconds since it came up; while it is down, since it went down (FRR) or 0 (GoBGP).
        prefixes: Received, per family (``ipv4``, ``ipv6``).
    """

    peer: str
    state: str
    peer_asn: int
    established: int
    uptime_s: float
    prefixes: dict[str, int]

    @property
    def up(self) -> bool:
        """Whether routes can be exchanged."""
        return self.state == "Established"

    @property
    def shut_down(self) -> bool:
        """Whether its configuration keeps it down (FRR's ``neighbor … shutdown``)."""
        return "Admin" in self.state
