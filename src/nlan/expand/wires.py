"""What services share: names and addresses of wires in the fabric and in nodes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from nlan.model.codec import IpInterface
from nlan.resources import FABRIC, Address, Bridge, Namespace, Resource, Stack, Veth
from nlan.values import IFNAMSIZ, stable_mac


def short_name(prefix: str, name: str) -> str:
    """Return `prefix` and `name` where they can be an interface's name, else the prefix and a hash."""
    if len(prefix) + len(name) <= IFNAMSIZ and not set("/:") & set(name):
        return prefix + name
    return prefix + hashlib.blake2b(name.encode(), digest_size=5).hexdigest()


def namespace(name: str, *, exclusive: bool = False) -> Iterator[Resource]:
    """Yield a namespace with what it comes with."""
    yield Namespace(name=name, exclusive=exclusive)
    yield Stack(namespace=name)


def bridge(lab: str, namespace: str, name: str, mtu: int) -> Bridge:
    """Return a bridge whose MAC address depends on its names alone."""
    return Bridge(namespace=namespace, name=name, mac=stable_mac(lab, namespace, name), mtu=mtu)


def pair(
    lab: str,
    ends: tuple[tuple[str, str], tuple[str, str]],
    mtu: int,
    *,
    master: str = "",
    peer_master: str = "",
) -> Veth:
    """Return a veth pair between two (namespace, interface) ends."""
    (namespace, name), (peer_namespace, peer_name) = ends
    return Veth(
        namespace=namespace,
        name=name,
        peer_namespace=peer_namespace,
        peer_name=peer_name,
        mac=stable_mac(lab, namespace, name),
        peer_mac=stable_mac(lab, peer_namespace, peer_name),
        mtu=mtu,
        master=master,
        peer_master=peer_master,
    )


def port(lab: str, node: str, interface: str, bridge_of_fabric: str, prefix: str, mtu: int) -> Veth:
    """Return the pair that plugs a node's interface into a bridge of the fabric."""
    other = short_name(prefix, node if prefix == "u." else f"{bridge_of_fabric}/{node}/{interface}")
    return pair(lab, ((node, interface), (FABRIC, other)), mtu, peer_master=bridge_of_fabric)


def addressed(namespace: str, interface: str, values: Iterable[IpInterface]) -> Iterator[Resource]:
    """Yield the addresses of an interface."""
    for value in values:
        yield Address(namespace=namespace, interface=interface, address=value)
