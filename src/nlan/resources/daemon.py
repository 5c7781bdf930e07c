"""Routing daemons: one resource is one running process with its configuration."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Any, ClassVar

from nlan.model.codec import IpAddress, to_builtins
from nlan.model.router import BgpPeer
from nlan.resources import frrconfig, frrimpact
from nlan.resources.base import Difference, Impact, Key, Resource
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

    def difference(self, observed: Any) -> Difference | None:
        """Compare line by line, whatever their order; the reason names the sessions that reset."""
        if self.config is None:
            return None
        change = frrconfig.compare(self.config, observed.config or ())
        if not change.added and not change.removed:
            return None
        reset = frrimpact.effects(self.daemon, change)
        said = [f"lines: {len(change.added)} to add, {len(change.removed)} to remove"]
        said += [f"resets {', '.join(reset)}"] if reset else []
        return Difference("session" if reset else "hitless", "; ".join(said), details=change.details())


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

    def difference(self, observed: Any) -> Difference | None:
        """Compare peer by peer; another AS or identifier needs a new process."""
        fields = ("asn", "router_id")
        if changed := [name for name in fields if getattr(self, name) != getattr(observed, name)]:
            said = ", ".join(f"{n} is {getattr(observed, n)}, wanted {getattr(self, n)}" for n in changed)
            return Difference("restart", f"{said}; all BGP sessions reset", in_place=False)
        wanted = {peer.address: peer for peer in self.peers}
        seen = {peer.address: peer for peer in observed.peers}
        added, removed = wanted.keys() - seen.keys(), seen.keys() - wanted.keys()
        other = {address for address in wanted.keys() & seen.keys() if wanted[address] != seen[address]}
        if not added | removed | other:
            return None
        reset = [f"{a} ({'removed' if a in removed else 'changed'})" for a in _sorted(removed | other)]
        said = f"peers: {len(added)} to add, {len(removed)} to remove, {len(other)} to change"
        return Difference(
            "session" if reset else "hitless",
            said + (f"; resets {', '.join(reset)}" if reset else ""),
            details=(
                *(f"- peer {_peer_text(seen[a])}" for a in _sorted(removed | other)),
                *(f"+ peer {_peer_text(wanted[a])}" for a in _sorted(added | other)),
            ),
        )


def _sorted(addresses: Iterable[IpAddress]) -> list[IpAddress]:
    return sorted(addresses, key=lambda a: (a.version, int(a)))


def _peer_text(peer: BgpPeer) -> str:
    values = to_builtins(peer)
    hidden = {**values, "password": "***"} if "password" in values else values
    return " ".join(f"{key}={value}" for key, value in hidden.items())
