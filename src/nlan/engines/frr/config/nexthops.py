"""The BGP sessions of a bgpd, as its configuration has them.

bgpd takes the IPv6 next hop that it announces from the interface that a session runs over, once, when the
session comes up. It forgets it when the address goes, also where the session outlives that, as internal
ones do; only a new session has a next hop again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import NamedTuple

from nlan.engines.frr.config.tree import Path, paths
from nlan.model.codec import IpAddress

_DEFAULT = re.compile(r"router bgp [0-9.]+$")
"""The instance outside of VRFs; FRR takes an AS in dotted form too."""
_REMOTE = re.compile(r"neighbor (?P<peer>[0-9a-fA-F.:]+) remote-as ")
_IPV6 = "address-family ipv6 unicast"


class Session(NamedTuple):
    """One that carries IPv6: the peer's address, and what the session is bound to (or nothing)."""

    peer: IpAddress
    source: str


def carrying_ipv6(config: Iterable[str]) -> Iterator[Session]:
    """Yield the sessions of a configuration over which IPv6 routes go, those of peer groups excepted."""
    lines = paths(config)
    for path in lines:
        match = _REMOTE.match(path[-1])
        if match is None or len(path) != 2 or not _DEFAULT.match(path[0]):
            continue
        if (path[0], _IPV6, f"neighbor {match['peer']} activate") in lines:
            yield Session(ip_address(match["peer"]), _source(lines, path[0], match["peer"]))


def _source(lines: Iterable[Path], router: str, peer: str) -> str:
    start = f"neighbor {peer} update-source "
    own = (path[1] for path in lines if len(path) == 2 and path[0] == router)
    return next((line.removeprefix(start) for line in own if line.startswith(start)), "")
