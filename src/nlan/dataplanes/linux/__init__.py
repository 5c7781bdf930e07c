"""The kernel's own data plane: bridges, veth pairs, VXLAN devices.

Segments lie in a namespace of their own, the fabric: a bridge each, with a port for each interface on it.
Split horizon comes from the bridge: a frame never leaves by the port it came from, and all tunnels of an
L2VPN are one port.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nlan.dataplanes.base import End, Segment
from nlan.interfaces import short_name, tunnel_name
from nlan.kinds.bridge import Bridge
from nlan.kinds.fdb import FdbEntry
from nlan.kinds.namespace import Namespace
from nlan.kinds.stack import Stack
from nlan.kinds.sysctl import Sysctl
from nlan.kinds.veth import Veth
from nlan.kinds.vxlan import Vxlan
from nlan.model.codec import IpAddress
from nlan.resources import FABRIC, Resource
from nlan.values import stable_mac


class Linux:
    """See `nlan.dataplanes.base.Dataplane`."""

    name = "linux"

    def segment(self, lab: str, segment: Segment, mtu: int, *, exclusive: bool = False) -> Iterator[Resource]:
        """Yield the fabric, and the segment's bridge in it."""
        yield from _fabric(exclusive=exclusive)
        yield _bridge(lab, FABRIC, _bridge_name(segment), mtu)

    def port(self, lab: str, segment: Segment, end: End, mtu: int) -> Iterator[Resource]:
        """Yield the pair between the node and the segment's bridge."""
        bridge = _bridge_name(segment)
        if segment.kind == "underlay":
            other = short_name("u.", end.namespace)
        else:
            other = short_name("p.", f"{bridge}/{end.namespace}/{end.interface}")
        yield _pair(lab, end, End(FABRIC, other), mtu, bridge)

    def link(self, lab: str, one: End, other: End, mtu: int) -> Iterator[Resource]:
        """Yield a veth pair."""
        yield _pair(lab, one, other, mtu)

    def switch(self, lab: str, node: str, interface: str, mtu: int) -> Iterator[Resource]:
        """Yield a bridge: its own interface is the node's."""
        yield _bridge(lab, node, interface, mtu)

    def plug(self, lab: str, switch: End, host: End, label: str, mtu: int) -> Iterator[Resource]:
        """Yield the pair between the host and the node's bridge."""
        port = End(switch.namespace, short_name("", label))
        yield _pair(lab, host, port, mtu, switch.interface)

    def carrier(
        self, lab: str, switch: End, label: str, mtu: int, *, exclusive: bool = False
    ) -> Iterator[Resource]:
        """Yield the fabric, and a pair whose far end is there and nowhere plugged in."""
        yield from _fabric(exclusive=exclusive)
        far = short_name("h.", f"{switch.namespace}/{label}")
        port = End(switch.namespace, short_name("", label))
        yield _pair(lab, End(FABRIC, far), port, mtu, switch.interface)

    def tunnel(
        self, lab: str, switch: End, vni: int, local: IpAddress, peers: Iterable[IpAddress], mtu: int
    ) -> Iterator[Resource]:
        """Yield a VXLAN device on the bridge, and a forwarding entry for each peer."""
        node, device = switch.namespace, tunnel_name(vni)
        yield Vxlan(
            namespace=node,
            name=device,
            vni=vni,
            local=local,
            master=switch.interface,
            mtu=mtu,
            mac=stable_mac(lab, node, device),
        )
        for peer in peers:
            if peer != local:
                yield FdbEntry(namespace=node, device=device, remote=peer)


def _fabric(*, exclusive: bool) -> Iterator[Resource]:
    yield Namespace(name=FABRIC, exclusive=exclusive)
    yield Stack(namespace=FABRIC)
    # Switches have no addresses: without IPv6 nothing of them speaks on the segments.
    yield Sysctl(namespace=FABRIC, name="net/ipv6/conf/default/disable_ipv6", value="1")


def _bridge_name(segment: Segment) -> str:
    return "underlay" if segment.kind == "underlay" else short_name("lan.", segment.name)


def _bridge(lab: str, namespace: str, name: str, mtu: int) -> Bridge:
    """Return a bridge whose MAC address depends on its names alone."""
    return Bridge(namespace=namespace, name=name, mac=stable_mac(lab, namespace, name), mtu=mtu)


def _pair(lab: str, one: End, other: End, mtu: int, bridge: str = "") -> Veth:
    """Return a veth pair; `bridge` is what its other end is a port of."""
    return Veth(
        namespace=one.namespace,
        name=one.interface,
        peer_namespace=other.namespace,
        peer_name=other.interface,
        mac=stable_mac(lab, one.namespace, one.interface),
        peer_mac=stable_mac(lab, other.namespace, other.interface),
        mtu=mtu,
        master=one.switch,
        peer_master=bridge or other.switch,
    )


DATAPLANE = Linux()
