"""What routers are configured to speak, raw FRR lines and derived ones taken together.

Only for labs with raw lines: of those routers, and of those that share a segment with one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from nlan.engines.frr.config.facts import facts
from nlan.engines.frr.config.rawfrr import RawFrr
from nlan.engines.frr.model import FrrRaw
from nlan.engines.frr.render.daemons import frr_daemons
from nlan.model import Node
from nlan.model.codec import IpAddress, IpInterface
from nlan.model.segments import Segment
from nlan.services.router.model import Router


def configured(
    nodes: Collection[Node], timers: Literal["lab", "standard"], segments: Mapping[tuple[str, str], Segment]
) -> dict[str, RawFrr]:
    """Return the whole FRR configuration of the routers with raw lines and of their neighbours.

    Args:
        nodes: The lab's.
        timers: The lab's.
        segments: What each (node, interface) is on.
    """
    raw = {node.name for node in nodes if node.get(Router).find(FrrRaw) is not None}
    if not raw:
        return {}
    near = {segment for (name, _), segment in segments.items() if name in raw}
    asked = raw | {name for (name, _), segment in segments.items() if segment in near}
    return {node.name: _facts(node, timers) for node in nodes if node.name in asked and _is_frr(node)}


def _is_frr(node: Node) -> bool:
    return node.find(Router) is not None and node.get(Router).engine == "frr"


def _facts(node: Node, timers: Literal["lab", "standard"]) -> RawFrr:
    return facts("\n".join(line for daemon in frr_daemons(node, timers) for line in daemon.config or ()))


def addresses(node: Node, written: RawFrr | None) -> Iterator[tuple[str, tuple[IpInterface, ...]]]:
    """Yield the node's interfaces that are not shut down, each with its addresses, FRR's included."""
    held = dict(node.held())
    interfaces = written.interfaces if written is not None else {}
    for name in dict.fromkeys((*held, *interfaces)):
        raw = interfaces.get(name)
        if raw is None or not raw.shutdown:
            yield name, tuple(dict.fromkeys((*held.get(name, ()), *(raw.addresses if raw else ()))))


def place(held: Mapping[str, tuple[IpInterface, ...]], address: IpAddress) -> tuple[str, IpAddress] | None:
    """Return the interface whose subnet holds an address, and the own address there; None if none does."""
    for interface, those in held.items():
        for own in those:
            if own.version == address.version and address in own.network:
                return interface, own.ip
    return None
