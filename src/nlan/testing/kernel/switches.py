"""Kernel switches of the fake kernel.

Only the switches that nlan uses exist; another one is missing, as on a kernel built without it.
"""

from __future__ import annotations

import errno

from nlan.testing.errors import RefusedError
from nlan.testing.kernel.state import Netns

DEFAULTS = {
    "net/ipv4/ip_forward": "0",
    "net/ipv4/fib_multipath_hash_policy": "0",
    "net/ipv4/conf/all/accept_local": "0",
    "net/ipv4/conf/all/promote_secondaries": "0",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv6/fib_multipath_hash_policy": "0",
    "net/ipv6/conf/all/accept_dad": "0",
    "net/ipv6/conf/all/forwarding": "0",
    "net/ipv6/conf/default/accept_dad": "1",
    "net/ipv6/conf/default/disable_ipv6": "0",
}
"""The switches of a new namespace."""
_LARGEST = {"net/ipv4/fib_multipath_hash_policy": 3, "net/ipv6/fib_multipath_hash_policy": 3}


def write(netns: Netns, name: str, value: str) -> None:
    """Set a switch."""
    if name not in netns.sysctls:
        raise RefusedError(errno.ENOENT)
    if not value.isdecimal() or int(value) > _LARGEST.get(name, 2**31 - 1):
        raise RefusedError(errno.EINVAL)
    netns.sysctls[name] = value
