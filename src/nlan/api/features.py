"""What this machine can do: kernel features by trying in a scratch namespace, programs by looking."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from nlan.engines.base import Engines, tool
from nlan.netlink import codec
from nlan.netlink.channel import Channel, kernel_words
from nlan.netlink.links import create_link
from nlan.runtimes.netns import syscalls
from nlan.runtimes.netns.probe import why_not_nodes
from nlan.runtimes.netns.threads import in_thread

_IFLA_VXLAN_ID = 1
_IFLA_VLAN_ID, _IFLA_VRF_TABLE = 1, 1

LINK_KINDS = {
    "bridge": ("bridge", b"", "switches"),
    "veth": ("veth", b"", "links"),
    "vxlan": ("vxlan", codec.u32(_IFLA_VXLAN_ID, 1), "L2VPNs (RFC 7348)"),
}
"""Kinds of links that nlan makes: the module, what creating one needs, what it is for."""

OPTIONAL_LINK_KINDS = {
    "dummy": ("dummy", b"", "loopback-like interfaces of your own"),
    "vrf": ("vrf", codec.u32(_IFLA_VRF_TABLE, 10), "separate routing tables inside a node"),
    "macvlan": ("macvlan", b"", "links to a host's interface"),
    "wireguard": ("wireguard", b"", "encrypted tunnels of your own"),
}


class Feature(NamedTuple):
    """One thing this machine has or lacks.

    Attributes:
        name: Such as ``vxlan`` or ``bgpd``.
        present: Whether it is there.
        needed: Whether nlan's services need it; False for what is only useful.
        detail: A version, or why it is missing.
        purpose: What it is for.
        remedy: How to get it, where it is missing.
    """

    name: str
    present: bool
    needed: bool
    detail: str
    purpose: str
    remedy: str


def missing_link_kinds(kinds: Iterable[str]) -> dict[str, str]:
    """Return those of the link kinds that the kernel cannot make, with its words; root is needed.

    Tried in a network namespace that ends with the call.
    """
    wanted = [kind for kind in sorted(kinds) if kind in LINK_KINDS | OPTIONAL_LINK_KINDS]
    return in_thread(lambda: _try_links(wanted)) if wanted else {}


def _try_links(kinds: Sequence[str]) -> dict[str, str]:
    table = LINK_KINDS | OPTIONAL_LINK_KINDS
    try:
        syscalls.unshare(syscalls.CLONE_NEWNET)
    except OSError as error:
        return dict.fromkeys(kinds, f"no network namespace can be made: {error.strerror}")
    with Channel(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)) as channel:
        messages = [create_link(f"probe{n}", kind, data=table[kind][1]) for n, kind in enumerate(kinds)]
        answers = channel.request(messages)
    refused = dict(zip(kinds, answers, strict=True))
    return {
        kind: kernel_words(words)
        for kind, words in refused.items()
        if words is not None and words.errno != errno.EINVAL  # known, but wants more than a name
    }


def features(engines: Engines) -> list[Feature]:
    """Return everything that `nlan doctor` tells; without root the kernel cannot be tried.

    Args:
        engines: The routing engines, whose programs are among it.
    """
    found = [_privilege()]
    if os.geteuid() == 0:
        found += [_nodes(), *_kernel()]
    programs = [program for engine in engines.by_name() for program in engine.programs.all()]
    first, *others = (tool(*one) for one in TOOLS)
    found += [Feature(*program) for program in programs if program.needed]
    helpful = (program for program in programs if not program.needed)
    found += [Feature(*program) for program in (first, *helpful, *others)]
    return found


TOOLS = (
    ("ip", "looking around in nodes", "iproute2"),
    ("ping", "pinging by hand", "iputils-ping"),
    ("traceroute", "tracing by hand", "traceroute"),
    ("tcpdump", "capturing packets", "tcpdump"),
)


def _privilege() -> Feature:
    root = os.geteuid() == 0
    detail = "root" if root else "not root: the kernel was not tried"
    return Feature("privilege", root, True, detail, "namespaces", "run nlan with sudo")


def _nodes() -> Feature:
    reason = why_not_nodes()
    detail, _, remedy = (reason or "works").partition(": ")
    return Feature("nodes", reason is None, True, detail, "namespaces, mounts, sysctls", remedy)


def _kernel() -> list[Feature]:
    table = LINK_KINDS | OPTIONAL_LINK_KINDS
    missing = missing_link_kinds(table)
    return [
        Feature(
            kind,
            kind not in missing,
            kind in LINK_KINDS,
            missing.get(kind, "works"),
            purpose,
            f"modprobe {module}; if there is no such module, the kernel was built without it",
        )
        for kind, (module, _, purpose) in table.items()
    ] + [_cgroup()]


def _cgroup() -> Feature:
    unified = os.path.exists("/sys/fs/cgroup/cgroup.controllers")
    legacy = os.path.isdir("/sys/fs/cgroup/memory")
    detail = "v2" if unified else "v1" if legacy else "none is mounted"
    return Feature(
        "cgroup", unified or legacy, False, detail, "limits of nodes", "mount cgroup2 on /sys/fs/cgroup"
    )
