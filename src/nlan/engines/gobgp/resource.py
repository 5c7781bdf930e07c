"""GoBGP: one resource is one running process with its peers and what it announces."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Any, ClassVar, Literal, NamedTuple

import msgspec

from nlan.engines.base import SILENT, Daemon
from nlan.model.codec import Base, IpAddress, IpNetwork, to_shown
from nlan.resources.base import Difference, Key, Rank
from nlan.services.router.model import BgpPeer


class LocalPath(Base, frozen=True, kw_only=True):
    """A prefix that a router announces as its own.

    Attributes:
        prefix: The prefix.
        origin: ``igp`` for one that the file names, ``incomplete`` for one that is redistributed
            (RFC 4271, section 5.1.1).
    """

    prefix: IpNetwork
    origin: Literal["igp", "incomplete"] = "igp"


class GobgpDaemon(Daemon, frozen=True, kw_only=True):
    """GoBGP of a node (``gobgpd``).

    Attributes:
        asn: Its AS.
        router_id: Its BGP identifier.
        peers: Sorted by address.
        listens: The peers among them that dial by themselves: GoBGP waits for them and dials nobody.
        paths: What it announces of its own, sorted by prefix.
    """

    kind: ClassVar[str] = "gobgp"
    rank: ClassVar[int] = Rank.DAEMONS + 10
    asn: int
    router_id: IPv4Address
    peers: tuple[BgpPeer, ...] = ()
    listens: tuple[IpAddress, ...] = ()
    paths: tuple[LocalPath, ...] = ()

    @property
    def key(self) -> Key:
        """One per node."""
        return Key(self.kind, self.namespace, "gobgpd")

    def summary(self) -> tuple[str, ...]:
        """Return its name with its AS and identifier, and its peers."""
        peers = (f"peer {peer.address} AS {peer.peer_asn}" for peer in self.peers)
        return (f"{self.key.name}, AS {self.asn}, {self.router_id}", *peers)

    def claims(self) -> tuple[tuple[str, ...], ...]:
        """BGP's port."""
        return (("port", self.namespace, "179"),)

    def excludes(self) -> tuple[tuple[str, ...], ...]:
        """Its peers' addresses: it would dial itself."""
        return tuple(("address", self.namespace, str(peer.address)) for peer in self.peers)

    def difference(self, observed: Any) -> Difference | None:
        """Compare peer by peer and prefix by prefix; another AS or identifier needs a new process."""
        if observed.silent:
            return Difference("restart", SILENT, in_place=False)
        fields = ("asn", "router_id")
        if changed := [name for name in fields if getattr(self, name) != getattr(observed, name)]:
            differ = ", ".join(f"{n} is {getattr(observed, n)}, wanted {getattr(self, n)}" for n in changed)
            return Difference("restart", f"{differ}; all BGP sessions reset", in_place=False)
        peers = self.peer_changes(observed)
        paths = _path_changes(self.paths, observed.paths)
        if not peers.any and not paths:
            return None
        reset = [f"{a} (removed)" if a in peers.removed else f"{a} (changed)" for a in peers.reset]
        written = [peers.words()] if peers.any else []
        written += [f"prefixes: {paths.words()}"] if paths else []
        written += [f"resets {', '.join(reset)}"] if reset else []
        details = (*peers.details(self, observed), *paths.details())
        return Difference("session" if reset else "hitless", "; ".join(written), details=details)

    def peer_changes(self, observed: GobgpDaemon) -> PeerChanges:
        """Return which peers of `observed` differ from those that are wanted."""
        wanted, seen = _described(self), _described(observed)
        both = wanted.keys() & seen.keys()
        return PeerChanges(
            frozenset(wanted.keys() - seen.keys()),
            frozenset(seen.keys() - wanted.keys()),
            frozenset(a for a in both if _quiet(wanted[a]) != _quiet(seen[a])),
            frozenset(a for a in both if _quiet(wanted[a]) == _quiet(seen[a]) and wanted[a] != seen[a]),
        )


class PeerChanges(NamedTuple):
    """Addresses of peers by what happens to them.

    Attributes:
        added: They are new.
        removed: They go.
        changed: They are taken out and put in again.
        policy: What they are told changes while their session stays: `next_hop_self`.
    """

    added: frozenset[IpAddress]
    removed: frozenset[IpAddress]
    changed: frozenset[IpAddress]
    policy: frozenset[IpAddress]

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return bool(self.added or self.removed or self.changed or self.policy)

    @property
    def reset(self) -> list[IpAddress]:
        """Those whose session resets, sorted."""
        return _sorted(self.removed | self.changed)

    def words(self) -> str:
        """Return how many there are of each."""
        changed = len(self.changed | self.policy)
        return f"peers: {len(self.added)} to add, {len(self.removed)} to remove, {changed} to change"

    def details(self, wanted: GobgpDaemon, seen: GobgpDaemon) -> tuple[str, ...]:
        """Return a line for each peer that goes and for each that comes."""
        before, after = _described(seen), _described(wanted)
        changed = self.changed | self.policy
        return (
            *(f"- peer {_peer_text(*before[a])}" for a in _sorted(self.removed | changed)),
            *(f"+ peer {_peer_text(*after[a])}" for a in _sorted(self.added | changed)),
        )


class _PathChanges(NamedTuple):
    added: list[LocalPath]
    removed: list[LocalPath]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)

    def words(self) -> str:
        return f"{len(self.added)} to add, {len(self.removed)} to remove"

    def details(self) -> tuple[str, ...]:
        lines = [f"- prefix {path.prefix} {path.origin}" for path in self.removed]
        return (*lines, *(f"+ prefix {path.prefix} {path.origin}" for path in self.added))


def _path_changes(wanted: Iterable[LocalPath], seen: Iterable[LocalPath]) -> _PathChanges:
    return _PathChanges(sorted_paths(set(wanted) - set(seen)), sorted_paths(set(seen) - set(wanted)))


def sorted_paths(paths: Iterable[LocalPath]) -> list[LocalPath]:
    """Return the paths by prefix."""
    return sorted(paths, key=lambda path: (path.prefix.version, path.prefix, path.origin))


_Described = tuple[BgpPeer, bool]
"""A peer, and whether GoBGP waits for it."""


def _described(daemon: GobgpDaemon) -> dict[IpAddress, _Described]:
    return {peer.address: (peer, peer.address in daemon.listens) for peer in daemon.peers}


def _quiet(described: _Described) -> _Described:
    """Return it without what can change while the session stays."""
    peer, listens = described
    return msgspec.structs.replace(peer, next_hop_self=False), listens


def _sorted(addresses: Iterable[IpAddress]) -> list[IpAddress]:
    return sorted(addresses, key=lambda a: (a.version, int(a)))


def _peer_text(peer: BgpPeer, listens: bool) -> str:
    values = to_shown(peer) | ({"dials": "itself"} if listens else {})
    return " ".join(f"{BgpPeer.words.get(key, key)}={value}" for key, value in values.items())
