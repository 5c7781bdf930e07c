"""The expectation: what holds once a lab has converged, as its services tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from nlan.engines.base import Engines
from nlan.expect.hindrances import Hindrance
from nlan.expect.segments import topology
from nlan.model import Lab
from nlan.model.codec import IpNetwork
from nlan.registry import Registry
from nlan.services.base import services

K = TypeVar("K")


class Session(msgspec.Struct, frozen=True, order=True):
    """One end of a session that will be established.

    Attributes:
        node: Who speaks.
        peer: To which address, as text.
        peer_node: Who holds it.
    """

    node: str
    peer: str
    peer_node: str


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What holds once the lab has converged.

    Attributes:
        sessions: Both ends of every BGP session.
        adjacencies: By IP version: how many OSPF neighbours come up, by (router, interface).
        others: By ``IS-IS`` and ``BFD``: how many neighbours come up, by (router, interface), 1 by (router,
            address) of BFD.
        routes: Per router the prefixes that its kernel's main table holds besides connected ones.
        exact: False where raw daemon configuration may filter or add: of the routes, those then are listed
            alone that OSPF and IS-IS bring within an area or level, where their lines are raw.
        possible: Where not exact, every router's prefixes at every other: as good as it can get.
        raw: The routers with raw daemon configuration, sorted.
        hindrances: What the file means and cannot come up.
    """

    sessions: tuple[Session, ...] = ()
    adjacencies: dict[int, dict[tuple[str, str], int]] = {}
    others: dict[str, dict[tuple[str, str], int]] = {}
    routes: dict[str, frozenset[IpNetwork]] = {}
    exact: bool = True
    possible: dict[str, frozenset[IpNetwork]] = {}
    raw: tuple[str, ...] = ()
    hindrances: tuple[Hindrance, ...] = ()

    def __bool__(self) -> bool:
        return bool(
            self.sessions
            or self.routes
            or self.possible
            or any((*self.adjacencies.values(), *self.others.values()))
        )

    def __or__(self, other: Expectation) -> Expectation:
        """Return what both expect."""
        return Expectation(
            sessions=tuple(sorted({*self.sessions, *other.sessions})),
            adjacencies=_joined(self.adjacencies, other.adjacencies),
            others=_joined(self.others, other.others),
            routes=_prefixes(self.routes, other.routes),
            exact=self.exact and other.exact,
            possible=_prefixes(self.possible, other.possible),
            raw=tuple(sorted({*self.raw, *other.raw})),
            hindrances=(*self.hindrances, *other.hindrances),
        )


def _joined(
    one: Mapping[K, dict[tuple[str, str], int]], other: Mapping[K, dict[tuple[str, str], int]]
) -> dict[K, dict[tuple[str, str], int]]:
    return {key: one.get(key, {}) | other.get(key, {}) for key in (*one, *other)}


def _prefixes(
    one: Mapping[str, frozenset[IpNetwork]], other: Mapping[str, frozenset[IpNetwork]]
) -> dict[str, frozenset[IpNetwork]]:
    return {key: one.get(key, frozenset()) | other.get(key, frozenset()) for key in (*one, *other)}


def expectation(lab: Lab, engines: Engines | None = None, registry: Registry | None = None) -> Expectation:
    """Return what the lab comes to, as far as the model tells.

    Args:
        lab: The lab.
        engines: The routing engines; those that are installed, where none are given.
        registry: The services that there are; by default what is installed.
    """
    asked = services(Registry() if registry is None else registry)
    for service in asked:
        lab = service.apparent(lab)
    known = topology(lab, engines, asked)
    found = (service.expect(known) for service in asked)
    return _all(one for one in found if one is not None)


def _all(parts: Iterable[Expectation]) -> Expectation:
    whole: Expectation | None = None
    for part in parts:
        whole = part if whole is None else whole | part
    return Expectation() if whole is None else whole
