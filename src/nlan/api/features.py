"""What this machine can do: kernel features by trying in a scratch namespace, programs by looking."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from nlan.engines.frr.run.start import has_manager, program
from nlan.errors import HostError
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

FRR_DAEMONS = ("zebra", "mgmtd", "bgpd", "ospfd", "ospf6d", "staticd")


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


def missing_programs(daemons: Iterable[str]) -> dict[str, str]:
    """Return those daemons that are not installed, each with a sentence that says how to get it."""
    missing = {}
    for daemon in sorted(set(daemons)):
        if daemon == "gobgpd":
            if shutil.which("gobgpd") is None:
                missing[daemon] = "gobgpd is not installed (Debian: apt-get install gobgpd)"
            continue
        try:
            program(daemon)
        except HostError as error:
            missing[daemon] = f"{error} (Debian: apt-get install frr)"
    return missing


def features() -> list[Feature]:
    """Return everything that `nlan doctor` tells; without root the kernel cannot be tried."""
    found = [_privilege()]
    if os.geteuid() == 0:
        found += [_nodes(), *_kernel()]
    found += [_frr(daemon) for daemon in FRR_DAEMONS if daemon != "mgmtd" or has_manager()]
    found += [_tool("gobgpd", "EmbeddedBgp", "gobgpd", needed=True)]
    found += [_tool(name, purpose, package, needed=False) for name, purpose, package in TOOLS]
    return found


TOOLS = (
    ("ip", "looking around in nodes", "iproute2"),
    ("vtysh", "talking to FRR in nodes", "frr"),
    ("gobgp", "talking to GoBGP in nodes", "gobgpd"),
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


def _frr(daemon: str) -> Feature:
    try:
        detail, present = _version([program(daemon), "--version"]), True
    except HostError as error:
        detail, present = str(error), False
    return Feature(daemon, present, True, detail, "routing", "apt-get install frr")


def _tool(name: str, purpose: str, package: str, *, needed: bool) -> Feature:
    path = shutil.which(name)
    detail = path or "not found"
    if path is not None and needed:
        detail = _version([path, "--version"])
    return Feature(name, path is not None, needed, detail, purpose, f"apt-get install {package}")


def _version(argv: list[str]) -> str:
    import subprocess

    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"does not run: {error}"
    return next(iter((done.stdout or done.stderr).splitlines()), "says no version")
