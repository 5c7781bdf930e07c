"""Numbers and names of the trade: what range they have and which words say that they are wrong."""

from __future__ import annotations

import re

VNI_MAX = 2**24 - 1
"""The largest VXLAN network identifier (RFC 7348, section 5)."""
VID_MAX = 4094
"""The largest VLAN identifier (IEEE 802.1Q; 0 and 4095 are reserved)."""
ASN_MAX = 2**32 - 1
"""The largest autonomous system number (RFC 6793)."""
IFNAMSIZ = 15
"""Bytes that the kernel keeps for an interface's name, without the closing NUL."""
MTU_MAX = 65535
"""The largest MTU: bytes that an IPv4 packet can count (RFC 791)."""
MTU_IPV6 = 1280
"""The smallest MTU of a link that carries IPv6 (RFC 8200, section 5)."""
NAME_MAX = 32
"""The longest lab or node name: two of them and a host's address fit into a file name."""

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
"""A lab's or node's name: a host name's characters (RFC 1123) and the underscore, no dot."""

_DIGITS = re.compile("([0-9]+)")

LINKS_MAX = 50_000
"""Links that a lab may have."""
HOSTS_MAX = 100_000
"""Hosts behind all nodes of a lab."""

VXLAN_PORT = 4789
"""VXLAN's UDP port (RFC 7348, section 8)."""


def is_name(text: str) -> bool:
    """Tell whether `text` can name a lab or a node."""
    return len(text) <= NAME_MAX and NAME.fullmatch(text) is not None


def natural(name: str) -> list[int | str]:
    """Return the key by which names sort as people count: r1, r2, r10."""
    return [int(part) if index % 2 else part for index, part in enumerate(_DIGITS.split(name))]


def vxlan_overhead(ip_version: int) -> int:
    """Return the bytes that VXLAN adds: 50 over IPv4, 70 over IPv6 (RFC 7348, section 5)."""
    return 50 if ip_version == 4 else 70


def stable_mac(*names: str) -> str:
    """Return a locally administered unicast MAC address that depends on the names alone."""
    return "02:" + digest("/".join(names), 5).hex(":")


def digest(text: str, size: int) -> bytes:
    """Return the text's BLAKE2b of so many bytes (RFC 7693)."""
    try:  # the interpreter's own: hashlib would load all of OpenSSL, 3 ms
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    return blake2b(text.encode(), digest_size=size).digest()
