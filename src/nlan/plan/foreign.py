"""What of the foreign things in a lab's namespaces bears on the lab."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping

import msgspec

from nlan.engines.frr.config.tree import paths
from nlan.engines.frr.resource import FrrDaemon
from nlan.resources import Address, Foreign, Key, Namespace, Resource


def exclusively(desired: Mapping[Key, Resource]) -> dict[Key, Resource]:
    """Return the same with every namespace exclusive."""
    return {
        key: msgspec.structs.replace(resource, exclusive=True)
        if isinstance(resource, Namespace)
        else resource
        for key, resource in desired.items()
    }


def is_taken_away(foreign: Foreign, desired: Mapping[Key, Resource]) -> bool:
    """Tell whether the namespace that it is in shall hold nothing but what is desired."""
    namespace = desired.get(Key("namespace", foreign.namespace, ""))
    return isinstance(namespace, Namespace) and namespace.exclusive


def given_by_frr(desired: Mapping[Key, Resource]) -> frozenset[Key]:
    """Return what would be foreign, were it not for FRR: the addresses that its lines give interfaces."""
    lines = (
        (daemon.namespace, path)
        for daemon in desired.values()
        if isinstance(daemon, FrrDaemon) and daemon.daemon in ("mgmtd", "zebra")
        for path in paths(daemon.config or ())
    )
    found = ((namespace, _ADDRESS.match("/".join(path))) for namespace, path in lines if len(path) == 2)
    return frozenset(
        Key(Foreign.kind, namespace, f"address {given['address']} on {given['interface']}")
        for namespace, given in found
        if given is not None
    )


_ADDRESS = re.compile(r"interface (?P<interface>\S+)/(ip|ipv6) address (?P<address>\S+)$")


def harmful(found: Iterable[Foreign], desired: Mapping[Key, Resource]) -> tuple[Foreign, ...]:
    """Return those that may change where the lab's packets go.

    A route or an address does where it concerns a network of the lab's or a part of it; a default route
    where one is desired there.
    """
    found = [foreign for foreign in found if not foreign.harmless]
    if not any(foreign.prefix is not None for foreign in found):
        return tuple(found)
    networks = {resource.address.network for resource in desired.values() if isinstance(resource, Address)}
    return tuple(foreign for foreign in found if _concerns(foreign, networks, desired))


def _concerns(foreign: Foreign, networks: Container[object], desired: Mapping[Key, Resource]) -> bool:
    prefix = foreign.prefix
    if prefix is None or Key("route", foreign.namespace, str(prefix)) in desired:
        return True
    wider = (prefix.supernet(new_prefix=length) for length in range(1, prefix.prefixlen + 1))
    return any(network in networks for network in wider)
