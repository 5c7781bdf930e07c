"""What this machine can do: kernel features by trying in a scratch namespace, programs by looking."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable, Iterator, Sequence

from nlan.api.environment.nodes import machine
from nlan.engines.base import Engines, Program, tool
from nlan.errors import HostError
from nlan.kinds.base import AnyKind
from nlan.netlink import wire
from nlan.netlink.channel import Channel, kernel_words
from nlan.netlink.codec import u32
from nlan.netlink.feature import Feature as KernelFeature
from nlan.netlink.tables.links import link_feature
from nlan.paths import Paths

OPTIONAL = (
    link_feature("vrf", "separate routing tables inside a node", u32(wire.IFLA_VRF_TABLE, 10), needed=False),
    link_feature("macvlan", "links to a host's interface", needed=False),
    link_feature("wireguard", "encrypted tunnels of your own", needed=False),
)
"""What no kind of resource needs, and people may."""


class Feature(Program):
    """One thing this machine has or lacks: a program, or what the kernel is asked for."""


def missing(wanted: Iterable[KernelFeature]) -> dict[KernelFeature, str]:
    """Return those features that the kernel lacks, with its words; root is needed.

    Tried in a network namespace that ends with the call.
    """
    tried = tuple(wanted)
    if not tried:
        return {}
    try:
        return machine(Paths.from_environment()).scratch(lambda: _try(tried))
    except HostError as error:
        return dict.fromkeys(tried, str(error))


def _try(wanted: Sequence[KernelFeature]) -> dict[KernelFeature, str]:
    attempts = [
        (feature, message) for n, feature in enumerate(wanted) for message in feature.attempt(f"probe{n}")
    ]
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with Channel(socket.socket(socket.AF_NETLINK, kind, wire.NETLINK_ROUTE)) as channel:
        answers = channel.request([message for _, message in attempts])
    found: dict[KernelFeature, str] = {}
    for (feature, _), refused in zip(attempts, answers, strict=True):
        if refused is not None and refused.errno != errno.EINVAL:  # known, but wants more than a name
            found.setdefault(feature, kernel_words(refused))
    return found


def of_kinds(kinds: Iterable[AnyKind]) -> list[KernelFeature]:
    """Return what the kernel may lack for kinds of resources, in the order of their ranks."""
    return list({feature.name: feature for kind in _ranked(kinds) for feature in kind.features}.values())


def _ranked(kinds: Iterable[AnyKind]) -> list[AnyKind]:
    return sorted(kinds, key=lambda kind: (kind.resource.rank, kind.resource.kind))


def features(engines: Engines, kinds: Iterable[AnyKind]) -> list[Feature]:
    """Return everything that `nlan doctor` tells; without root the kernel cannot be tried.

    Args:
        engines: The routing engines, whose programs are among it.
        kinds: The kinds of resources, and so what the kernel needs for them.
    """
    found = [_privilege()]
    if os.geteuid() == 0:
        kinds = list(kinds)
        found += [_nodes(), *_kernel(of_kinds(kinds)), *_conditions(kinds)]
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
    reason = machine(Paths.from_environment()).why_not()
    detail, _, remedy = (reason or "works").partition(": ")
    return Feature("nodes", reason is None, True, detail, "namespaces, mounts, sysctls", remedy)


def _kernel(needed: Sequence[KernelFeature]) -> list[Feature]:
    known = {feature.name for feature in needed}
    tried = (*needed, *(feature for feature in OPTIONAL if feature.name not in known))
    lacks = missing(tried)
    return [
        Feature(
            feature.name,
            feature not in lacks,
            feature.needed,
            lacks.get(feature, "works"),
            feature.purpose,
            f"modprobe {feature.module}; if there is no such module, the kernel was built without it",
        )
        for feature in tried
    ]


def _conditions(kinds: Iterable[AnyKind]) -> Iterator[Feature]:
    """Yield what else of the machine kinds need, in the order of their ranks."""
    for name, purpose, remedy, look in (one for kind in _ranked(kinds) for one in kind.conditions):
        present, detail = look()
        yield Feature(name, present, False, detail, purpose, remedy)
