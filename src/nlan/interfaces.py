"""How interfaces are called: those that a node sees, whatever the data plane, and the ports between them.

Names depend on the lab's own names alone, so that adding one moves no other.
"""

from __future__ import annotations

from nlan.values import IFNAMSIZ, digest

LOOPBACK = "lo"
UNDERLAY = "eth0"
"""A node's interface on the underlay."""
HOST = "eth0"
"""The one interface of a host behind a node."""


def l2vpn_name(vni: int) -> str:
    """Return the interface that carries a node's address in the L2VPN ``vni``."""
    return f"int_br{vni}"


def tunnel_name(vni: int) -> str:
    """Return the device of the L2VPN's tunnel end in a node."""
    return f"vxlan{vni}"


def lan_name(gateway: str) -> str:
    """Return the interface that holds a host LAN's gateway address in the node.

    ``br_172.21.1.1`` where it fits an interface's name (15 bytes), else ``br_`` and the hash of the address
    in 8 hexadecimal digits.
    """
    name = f"br_{gateway}"
    return name if fits(name) else "br_" + _hash(gateway, 4)


def short_name(prefix: str, name: str) -> str:
    """Return `prefix` and `name` where they can be an interface's name, else the prefix and a hash."""
    return prefix + name if fits(prefix + name) else prefix + _hash(name, 5)


def fits(name: str) -> bool:
    """Tell whether the kernel takes the name for an interface."""
    return len(name) <= IFNAMSIZ and not set("/:") & set(name)


def _hash(name: str, size: int) -> str:
    return digest(name, size).hex()
