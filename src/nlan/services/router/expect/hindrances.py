"""What the file means of routing and cannot come up.

Only what the model tells for certain: where raw lines speak of the protocol at either end, they may have
made it right.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator

from nlan.expect.converged import Session
from nlan.expect.hindrances import Hindrance
from nlan.services.router.expect import bgp, ospf
from nlan.services.router.expect.bgp import Known
from nlan.services.router.expect.topology import Routed
from nlan.values import natural


def hindrances(lab: Routed, known: Known, sessions: Collection[Session]) -> tuple[Hindrance, ...]:
    """Return what cannot come up, sorted by cause and node.

    Args:
        lab: The lab.
        known: Prefixes that each router learns by any means: a session may come up over what another
            one brings.
        sessions: Those that come up.
    """
    found: dict[tuple[str, ...], Hindrance] = {}
    for version, hindrance in _all(lab, known, {(s.node, s.peer) for s in sessions}):
        pair = sorted((hindrance.node, hindrance.other), key=natural)
        found.setdefault((hindrance.kind, str(version), *pair), hindrance)
    return tuple(sorted(found.values(), key=lambda h: (h.kind, h.cause, natural(h.node), natural(h.other))))


def _all(lab: Routed, known: Known, up: Container[tuple[str, str]]) -> Iterator[tuple[int, Hindrance]]:
    for node, other, version, cause, detail in bgp.hindered(lab, known, up):
        yield version, Hindrance("BGP session", cause, node, other, detail)
    for node, other, cause, detail in ospf.hindered(lab, 4):
        yield 4, Hindrance("OSPFv2 adjacency", cause, node, other, detail)
    for node, other, cause, detail in ospf.hindered(lab, 6):
        yield 6, Hindrance("OSPFv3 adjacency", cause, node, other, detail)
