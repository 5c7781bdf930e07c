"""The roster: which address each router has."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from nlan.importers.base import Map, Scalar, SourceFile, Sources, Tree
from nlan.importers.neutron_lan.building import word

BESIDE = "roster.yaml"
"""What a roster is called that is found without being named."""
_LONGEST, _SHORTEST = 24, 8
"""Prefix lengths that the routers' segment may have."""
_CONTAINER = "<docker_ip>"
"""What the roster has of a container, which has the address that it is given."""


class Roster(NamedTuple):
    """Which addresses the routers have.

    Attributes:
        name: The file's; empty where there is none.
        hosts: Where each router's address stands, by its name; None for one that has any address.
        is_lost: Whether it cannot be read, which is said already.
    """

    name: str = ""
    hosts: dict[str, Scalar | None] = {}  # noqa: RUF012 - a tuple's default, never changed
    is_lost: bool = False


def read_roster(sources: Sources) -> Roster:
    """Return the roster that the user named, else the one beside the state file, if there is one."""
    file: SourceFile | None = None
    named = sources.told.get("roster", "")
    if named:
        file = sources.read_named(named)
    elif (sources.path.parent / BESIDE).is_file():
        file = sources.read(BESIDE)
    else:
        return Roster()
    tree = file.yaml() if file is not None else None
    if tree is None:
        return Roster(is_lost=True)
    name = named or str(sources.path.parent / BESIDE)
    if not isinstance(tree, Map):
        sources.error(tree, "expected a roster: `ROUTER: {host: ADDRESS}` for each router")
        return Roster(name)
    return Roster(name, {key.text: _host(key, value, sources) for key, value in tree.entries})


def _host(router: Scalar, tree: Tree, sources: Sources) -> Scalar | None:
    host = tree.find("host") if isinstance(tree, Map) else None
    if not isinstance(host, Scalar) or host.is_null:
        sources.error(router, f"expected `host: ADDRESS`, where {router.text} is")
        return None
    if host.text == _CONTAINER:
        return None
    try:
        ipaddress.IPv4Address(host.text)
    except ValueError:
        sources.error(host, f"`{host.text}` is not an IPv4 address")
        return None
    return word(host.text, host)


def segment_of(hosts: list[Scalar], sources: Sources) -> ipaddress.IPv4Network | None:
    """Return the least segment that all these addresses lie in; None where there is none, or it is said."""
    if not hosts:
        return None
    addresses = [ipaddress.IPv4Address(host.text) for host in hosts]
    for length in range(_LONGEST, _SHORTEST - 1, -1):
        network = ipaddress.IPv4Network((addresses[0], length), strict=False)
        ends = network.network_address, network.broadcast_address
        if all(address in network and address not in ends for address in addresses):
            return network
    sources.error(hosts[0], "these routers have no segment in common: their addresses are too far apart")
    return None
