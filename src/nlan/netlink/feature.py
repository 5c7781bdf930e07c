"""What the kernel has to be able to do, and how that is tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from nlan.netlink.codec import Message


class Condition(NamedTuple):
    """Something else that the machine has or lacks, found by looking at it.

    Attributes:
        name: Such as ``cgroup``, as `nlan doctor` lists it.
        purpose: What it is for.
        remedy: How to get it.
        look: Returns whether it is there, and what there is in a word or two.
    """

    name: str
    purpose: str
    remedy: str
    look: Callable[[], tuple[bool, str]]


class Feature(NamedTuple):
    """Something that the kernel has or lacks, found by trying it.

    Attributes:
        name: Such as ``vxlan``, as `nlan doctor` lists it.
        what: What the kernel cannot make without it: ``a vxlan link``.
        purpose: What it is for: ``L2VPNs (RFC 7348)``.
        module: What ``modprobe`` loads.
        attempt: Returns the messages that try it in a namespace of their own; it is given a free name for
            an interface. Of answers other than "done", "invalid argument" means that it is there.
        needed: Whether nlan's services need it; False for what is only useful.
    """

    name: str
    what: str
    purpose: str
    module: str
    attempt: Callable[[str], Sequence[Message]]
    needed: bool = True
