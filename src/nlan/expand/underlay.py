"""The underlay: one bridge in the fabric, one port per attached node."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.expand import vhosts, wires
from nlan.model import Lab, Node
from nlan.resources import FABRIC, Resource, Sysctl

BRIDGE = "underlay"
INTERFACE = "eth0"


def expand_lab(lab: Lab) -> Iterator[Resource]:
    """Yield the fabric's namespace and the underlay's bridge, where anything needs them."""
    attached = lab.underlay is not None and any(node.attached for node in lab.nodes)
    if not attached and not lab.lans and not any(map(vhosts.has_empty_lan, lab.nodes)):
        return
    yield from wires.namespace(FABRIC, exclusive=lab.exclusive)
    # Switches have no addresses: without IPv6 nothing of them speaks on the segments.
    yield Sysctl(namespace=FABRIC, name="net/ipv6/conf/default/disable_ipv6", value="1")
    if attached and lab.underlay is not None:
        yield wires.bridge(lab.name, FABRIC, BRIDGE, lab.underlay.mtu)


def expand(node: Node, lab: Lab) -> Iterator[Resource]:
    """Yield the node's port of the underlay and its address."""
    if not node.attached or node.underlay is None or lab.underlay is None:
        return
    yield wires.port(lab.name, node.name, INTERFACE, BRIDGE, "u.", lab.underlay.mtu)
    yield from wires.addressed(node.name, INTERFACE, (node.underlay,))
