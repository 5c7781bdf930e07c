"""Which parts of other distributions a lab was made with: known when they are missed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nlan.model import Lab
from nlan.registry import Part, Registry
from nlan.services.base import SEAM as SERVICES
from nlan.services.router.model import Router

ROOT = "plugins"
"""Where they stand in a lab's database: the origin of each, by ``SEAM NAME``."""


def used(lab: Lab, registry: Registry) -> dict[str, str]:
    """Return the strangers' parts that a lab is made with."""
    if not registry.strangers:
        return {}
    return {f"{part.seam} {part.name}": part.origin for part in _used(lab, registry)}


def _used(lab: Lab, registry: Registry) -> Iterator[Part]:
    held = {type(service) for node in lab.nodes for service in node.services}
    engines = {node.get(Router).engine for node in lab.nodes if node.find(Router) is not None}
    named: dict[str, set[str | None]] = {
        "engines": {*engines},
        "dataplanes": {lab.dataplane},
        "runtimes": {lab.runtime, *(node.runtime for node in lab.nodes)},
    }
    services = registry.of(SERVICES)
    for part in registry.strangers:
        if part.seam == SERVICES.name and part.name in services:
            if services[part.name].model in held:
                yield part
        elif part.name in named.get(part.seam, ()):
            yield part


def missing(kept: Mapping[str, Any], registry: Registry) -> str:
    """Return in words which of the parts that a lab was made with are not installed; empty where all are."""
    there = {f"{part.seam} {part.name}" for part in registry.strangers}
    lost = sorted(f"{name} of {origin}" for name, origin in kept.items() if name not in there)
    if not lost:
        return ""
    return f"it was made with {', '.join(lost)}, which {'is' if len(lost) == 1 else 'are'} not installed"
