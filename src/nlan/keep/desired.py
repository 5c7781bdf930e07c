"""What shall be, arranged so that an event finds what it concerns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

from nlan.api.context import engines
from nlan.engines.base import Daemon
from nlan.expand import expand
from nlan.kinds.cgroup import Cgroup
from nlan.kinds.sysctl import Sysctl
from nlan.kinds.veth import Veth
from nlan.model import Lab
from nlan.resources import Key, Resource

TOLD = frozenset({"ip_forward", "forwarding", "rp_filter", "proxy_arp", "ignore_routes_with_linkdown"})
"""Sysctls whose change the kernel tells (RTM_NEWNETCONF)."""


class Desired:
    """The resources of one revision of a lab."""

    def __init__(self, lab: Lab, revision: int) -> None:
        """Expand the lab."""
        self.lab, self.revision = lab, revision
        self.resources: dict[Key, Resource] = expand(lab, engines())

    @cached_property
    def by_namespace(self) -> dict[str, dict[Key, Resource]]:
        """The resources by the namespace of their key."""
        found: dict[str, dict[Key, Resource]] = defaultdict(dict)
        for key, resource in self.resources.items():
            found[key.namespace][key] = resource
        return found

    @cached_property
    def other_ends(self) -> dict[tuple[str, str], str]:
        """For each end of a pair, the namespace of its other end."""
        found: dict[tuple[str, str], str] = {}
        for resource in self.resources.values():
            if isinstance(resource, Veth):
                found[resource.namespace, resource.name] = resource.peer_namespace
                found[resource.peer_namespace, resource.peer_name] = resource.namespace
        return found

    @cached_property
    def untold(self) -> dict[str, list[Sysctl]]:
        """Kernel switches that change without an event, by namespace."""
        found: dict[str, list[Sysctl]] = defaultdict(list)
        for resource in self.resources.values():
            if isinstance(resource, Sysctl) and resource.name.rpartition("/")[2] not in TOLD:
                found[resource.namespace].append(resource)
        return found

    @cached_property
    def limited(self) -> dict[str, Cgroup]:
        """The limits of the nodes that have any."""
        return {r.namespace: r for r in self.resources.values() if isinstance(r, Cgroup)}

    @cached_property
    def speakers(self) -> dict[str, str]:
        """The kind of the routing daemons of each node that has any."""
        return {r.namespace: r.kind for r in self.resources.values() if isinstance(r, Daemon)}

    def part(self, namespaces: Iterable[str], *, daemons: bool) -> dict[Key, Resource]:
        """Return the resources of some namespaces, with or without their daemons."""
        return {
            key: resource
            for namespace in namespaces
            for key, resource in self.by_namespace.get(namespace, {}).items()
            if daemons or not isinstance(resource, Daemon)
        }
