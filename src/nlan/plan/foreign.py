"""What of the foreign things in a lab's namespaces bears on the lab."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from nlan.resources import NAMESPACE, Foreign, Key, Resource
from nlan.resources.base import Claim


def exclusively(desired: Mapping[Key, Resource]) -> dict[Key, Resource]:
    """Return the same with every namespace exclusive."""
    return {key: resource.exclusively() for key, resource in desired.items()}


def is_taken_away(foreign: Foreign, desired: Mapping[Key, Resource]) -> bool:
    """Tell whether the namespace that it is in shall hold nothing but what is desired."""
    namespace = desired.get(Key(NAMESPACE, foreign.namespace, ""))
    return namespace is not None and namespace.is_exclusive


def accounted_for(desired: Mapping[Key, Resource]) -> frozenset[Key]:
    """Return what would be foreign, were it not for something desired (addresses in raw lines)."""
    return frozenset(key for resource in desired.values() for key in resource.accounts_for())


def harmful(found: Iterable[Foreign], desired: Mapping[Key, Resource]) -> tuple[Foreign, ...]:
    """Return those that may change where the lab's packets go.

    A route or an address does where it concerns a network of the lab's or a part of it; a default route
    where one is desired there.
    """
    found = [foreign for foreign in found if not foreign.harmless]
    if not any(foreign.prefix is not None for foreign in found):
        return tuple(found)
    networks = {network for resource in desired.values() for network in resource.networks()}
    claims = {claim for resource in desired.values() for claim in resource.claims()}
    return tuple(foreign for foreign in found if _concerns(foreign, networks, claims))


def _concerns(foreign: Foreign, networks: Container[object], claims: Container[Claim]) -> bool:
    prefix = foreign.prefix
    if prefix is None or ("route", foreign.namespace, str(prefix)) in claims:
        return True
    wider = (prefix.supernet(new_prefix=length) for length in range(1, prefix.prefixlen + 1))
    return any(network in networks for network in wider)
