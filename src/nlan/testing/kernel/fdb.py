"""Tunnel ends that the fake kernel's VXLAN devices flood to (all-zeros entries)."""

from __future__ import annotations

import errno

from nlan.testing.errors import RefusedError
from nlan.testing.kernel.state import Ip, Link


def append(link: Link, remote: Ip) -> None:
    """Add a tunnel end; one that is there already is fine."""
    if link.tunnel is None:
        raise RefusedError(errno.EINVAL)
    if link.tunnel.local.version != remote.version:
        raise RefusedError(errno.EAFNOSUPPORT)
    if remote not in link.tunnel.remotes:
        link.tunnel.remotes.append(remote)


def remove(link: Link, remote: Ip) -> None:
    """Remove a tunnel end."""
    if link.tunnel is None or remote not in link.tunnel.remotes:
        raise RefusedError(errno.ENOENT)
    link.tunnel.remotes.remove(remote)
