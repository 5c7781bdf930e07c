"""Routing daemons: one resource is one running process with its configuration."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import ClassVar

from nlan.model.router import BgpPeer
from nlan.resources.base import Impact, Key, Resource
from nlan.resources.link import NAMESPACE


class FrrDaemon(Resource, frozen=True, kw_only=True):
    """One FRR daemon of a node.

    Attributes:
        namespace: The node.
        daemon: ``zebra``, ``mgmtd``, ``bgpd``, ``ospfd``, ``ospf6d``, ``staticd``, …
        config: Its configuration in FRR's own canonical spelling (as ``show running-config``
            prints it): a tuple of lines, indented by one blank inside a section, sections not
            closed by ``exit``. None: whatever it has is right.
        after: Keys of the links and addresses that should exist before it starts.
    """

    kind: ClassVar[str] = "frr"
    mutable: ClassVar[dict[str, Impact]] = {"config": "session"}
    create_impact: ClassVar[Impact] = "restart"
    delete_impact: ClassVar[Impact] = "session"
    namespace: str
    daemon: str
    config: tuple[str, ...] | None = None
    after: tuple[Key, ...] | None = None

    @property
    def key(self) -> Key:
        """The daemon's name."""
        return Key(self.kind, self.namespace, self.daemon)

    def requires(self) -> tuple[Key, ...]:
        """Its namespace, the hosts file, and what it should find."""
        return (Key(NAMESPACE, self.namespace, ""), Key("hosts", "", ""), *(self.after or ()))

    def claims(self) -> tuple[tuple[str, ...], ...]:
        """BGP's port, for a BGP speaker."""
        return (("port", self.namespace, "179"),) if self.daemon == "bgpd" else ()


class GobgpDaemon(Resource, frozen=True, kw_only=True):
    """GoBGP of a node (``gobgpd``).

    Attributes:
        namespace: The node.
        asn: Its AS.
        router_id: Its BGP identifier.
        peers: Sorted by address.
        after: Keys that should exist before it starts.
    """

    kind: ClassVar[str] = "gobgp"
    create_impact: ClassVar[Impact] = "restart"
    delete_impact: ClassVar[Impact] = "session"
    namespace: str
    asn: int
    router_id: IPv4Address
    peers: tuple[BgpPeer, ...] = ()
    after: tuple[Key, ...] | None = None

    @property
    def key(self) -> Key:
        """One per node."""
        return Key(self.kind, self.namespace, "gobgpd")

    def requires(self) -> tuple[Key, ...]:
        """Its namespace, the hosts file, and what it should find."""
        return (Key(NAMESPACE, self.namespace, ""), Key("hosts", "", ""), *(self.after or ()))

    def claims(self) -> tuple[tuple[str, ...], ...]:
        """BGP's port."""
        return (("port", self.namespace, "179"),)
