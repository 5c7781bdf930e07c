"""AS-external routes of an ospfd (RFC 2328, section 16.4): whether they are those of its last SPF run.

FRR computes them anew up to a second after each run. Until then they lead where the run before led them,
or are not there, and another protocol's routes stand in their place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

LATE_MS = 1200
"""How long after an SPF run they may still be to come; FRR's OSPF_ASE_CALC_INTERVAL is 1 s."""

_INFINITY = 0xFFFFFF

Hops = frozenset[tuple[str, str]]
"""Next hops: address and interface."""


class _Offer(NamedTuple):
    """What leads to a prefix by way of one border router; the smaller the rank, the better."""

    rank: tuple[int, int, int]
    hops: Hops


def may_be_late(state: Mapping[str, Any]) -> bool:
    """Tell of ``show ip ospf json`` whether external routes are there that may be to come."""
    return bool(state.get("lsaExternalCounter")) and state.get("spfLastExecutedMsecs", LATE_MS) < LATE_MS


def are_current(routes: Mapping[str, Any], database: Mapping[str, Any]) -> bool:
    """Tell whether every external route leads where its border router is.

    Args:
        routes: ``show ip ospf route json``.
        database: ``show ip ospf database external json``.
    """
    offers: dict[str, list[_Offer]] = defaultdict(list)
    for prefix, offer in _offers(routes, database):
        offers[prefix].append(offer)
    return all(_is_current(routes.get(prefix), those) for prefix, those in offers.items())


def _offers(routes: Mapping[str, Any], database: Mapping[str, Any]) -> Iterator[tuple[str, _Offer]]:
    """Yield prefixes with an offer each, but for those that the router announces itself."""
    own = database.get("routerId")
    announced = [(f"{lsa['linkStateId']}/{lsa['networkMask']}", lsa) for lsa in _advertisements(database)]
    connected = {prefix for prefix, lsa in announced if lsa["advertisingRouter"] == own}
    for prefix, lsa in announced:
        border = routes.get(lsa["advertisingRouter"])
        if border is not None and prefix not in connected and lsa["metric"] < _INFINITY:
            yield prefix, _Offer(_rank(lsa, border["cost"]), _hops(border))


def _advertisements(database: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield those that lead to the router that announces them, not to another address."""
    return (lsa for lsa in database.get("asExternalLinkStates", ()) if lsa["forwardAddress"] == "0.0.0.0")


def _rank(lsa: Mapping[str, Any], cost: int) -> tuple[int, int, int]:
    return (2, lsa["metric"], cost) if lsa["metricType"].startswith("E2") else (1, lsa["metric"] + cost, 0)


def _is_current(route: Mapping[str, Any] | None, offers: list[_Offer]) -> bool:
    if route is None:
        return False
    if not route["routeType"].startswith("N E"):
        return True  # within the AS, which counts first and is there with the run
    best = min(offer.rank for offer in offers)
    wanted = [offer.hops for offer in offers if offer.rank == best]
    found = _hops(route)
    return found == wanted[0] if len(wanted) == 1 else bool(found) and found <= Hops().union(*wanted)


def _hops(route: Mapping[str, Any]) -> Hops:
    return Hops((hop["ip"], hop.get("via", "")) for hop in route["nexthops"])
