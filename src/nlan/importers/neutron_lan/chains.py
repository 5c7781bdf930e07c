"""Functions that traffic passes: each a node between two subnets, a bump in the wire of one router.

A function's node is a switch of its interfaces, each a cable to the router, where it is a port of the subnet
whose VNI it is called after. What the function does with the frames is for whoever starts a program there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from nlan.importers.base import Map, Scalar, Sources, Tree
from nlan.importers.neutron_lan.building import mapping, sequence, word
from nlan.importers.neutron_lan.filling import names_of
from nlan.importers.neutron_lan.reading import Item, Router


class Chain(NamedTuple):
    """A function: its node, and its cables."""

    name: Scalar
    node: Map
    links: list[Tree]


def chains_of(routers: list[Router], sources: Sources) -> list[Chain]:
    """Return the functions of all routers."""
    taken = {router.name for router in routers}
    found = []
    for router in routers:
        for item in router.items("services"):
            name = item.words.get("name")
            if not isinstance(name, Scalar):
                sources.error(item.at, "the function has no name: `name: FUNCTION`")
            elif name.text in taken:
                sources.error(name, f"there are two of the name `{name.text}`; a function is a node")
            elif _ports(router, item, sources):
                taken.add(name.text)
                found.append(_chain(router, item, name))
    return found


def _ports(router: Router, item: Item, sources: Sources) -> bool:
    """Tell whether a function has a subnet at each of its interfaces, after recording where it has none."""
    names = names_of(item)
    vnis = {subnet.text("vni") for subnet in router.items("subnets")}
    if len(names) < 2:
        sources.error(item.at, "a function stands between two subnets: `chain: [LABEL.VNI, LABEL.VNI]`")
    lost = [name for name in names if name.text.rpartition(".")[2] not in vnis]
    for name in lost:
        message = f"`{name.text}` leads nowhere: {router.name} has no subnet of that VNI"
        sources.error(name, message, "an interface of a chain is called LABEL.VNI")
    return not lost and len(names) > 1


def _chain(router: Router, item: Item, name: Scalar) -> Chain:
    ports = names_of(item)
    vni = word(ports[0].text.rpartition(".")[2], ports[0])
    switch = mapping([("vni", vni), ("ports", sequence(ports, ports[0]))], item.at)
    dvr = mapping([("subnets", sequence([switch], item.at))], item.at)
    return Chain(name, mapping([("dvr", dvr)], item.at), list(_links(router, name, ports)))


def _links(router: Router, name: Scalar, ports: list[Scalar]) -> Iterator[Tree]:
    for port in ports:
        ends = (word(one, port) for one in (router.name, name.text))
        own = mapping([("interface", port)], port)
        yield mapping(
            [
                ("nodes", sequence(ends, port)),
                ("addresses", word("false", port)),
                ("ends", mapping([(router.name, own), (name.text, own)], port)),
            ],
            port,
        )
