"""GoBGP: one process per node, its peers changed live by a reload of its file (SIGHUP).

GoBGP compares the new file with the old one and touches the peers that differ. Some changes of a
peer it takes note of without acting (a route reflector client that is none any more; FRR's
neighbour is none the wiser), and it stops at the first of them: so a peer that changes is taken out
and put in again by two reloads. Its session would reset anyway; the others stay.

A peer that GoBGP waits for is a dynamic neighbour of one address, with a peer group of its own. The
file adds such and never takes them away, so that is done by the API, before the file forgets the
group. Prefixes that GoBGP announces are in no file: they are given to a process once it answers.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import NamedTuple, TypeVar

import msgspec

from nlan import processes
from nlan.engines._one_daemon import OneDaemonDriver
from nlan.engines.base import BgpSession
from nlan.engines.gobgp.client import API_PORT, Client, program
from nlan.engines.gobgp.config import (
    MARKER,
    config_text,
    marker,
    parse_next_hop_self,
    parse_peers,
    parse_sessions,
    path_words,
    prefix_of,
)
from nlan.engines.gobgp.files import Files, Receipt
from nlan.engines.gobgp.log import count_ups
from nlan.engines.gobgp.resource import GobgpDaemon
from nlan.engines.gobgp.snapshot import Snapshot, is_let_in, observed, take
from nlan.errors import ApplyError, NlanError, NotFoundError, PeerError
from nlan.model.codec import IpAddress
from nlan.plan import Operation
from nlan.processes.files import write
from nlan.resources import FABRIC, Key
from nlan.services.router.model import BgpPeer

DAEMON = "gobgpd"
DEADLINE_S = 20.0
"""How long a start or a reload may take."""
ANSWER_S = 5.0
"""How long a process that runs may take to answer."""
LOOK_MS = 4
"""GoBGP tells nobody when it is ready: it is asked this often."""
LISTENS_SINCE, LISTENS_UNTIL = (3, 23), (4, 0)
"""The versions that let peers dial, keys included, and have the API of `nlan.engines.gobgp.api`."""

T = TypeVar("T")


class GobgpDriver(OneDaemonDriver[GobgpDaemon, Files]):
    """Serves `GobgpDaemon`."""

    kinds = ("gobgp",)
    daemon, deadline_s, look_ms = DAEMON, DEADLINE_S, LOOK_MS

    def observe(self, namespaces: Sequence[str]) -> Iterable[GobgpDaemon]:
        """Return the daemons that run and answer."""
        for namespace in namespaces:
            if "/" in namespace or namespace == FABRIC:
                continue
            if (found := self._running(namespace)) is not None:
                yield found.daemon
            elif (silent := self._silent(namespace)) is not None:
                yield silent

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Start all that is new at once; change and end the others."""
        outcome: dict[Key, NlanError | None] = {}
        ended = [o.key for o in operations if o.action in ("delete", "replace")]
        outcome.update(self._end(ended))
        fresh = [o for o in operations if o.action in ("create", "replace") and outcome.get(o.key) is None]
        started: list[GobgpDaemon] = []
        for operation in fresh:
            assert isinstance(operation.desired, GobgpDaemon)
            if self._running(operation.key.namespace) is None:
                outcome[operation.key] = self._guarded(operation.desired, "start", self._spawn)
                started.append(operation.desired)
            else:
                outcome[operation.key] = self._guarded(operation.desired, "change", self._update)
        for daemon in started:
            if outcome[daemon.key] is None:
                outcome[daemon.key] = self._guarded(daemon, "start", self._settle)
        for operation in operations:
            if operation.action == "update" and isinstance(operation.desired, GobgpDaemon):
                outcome[operation.key] = self._guarded(operation.desired, "change", self._update)
        return [outcome.get(operation.key) for operation in operations]

    def sessions(self, namespace: str) -> list[BgpSession]:
        """Return the BGP peers of a node, those that have not dialled yet too.

        Raises:
            NotFoundError: GoBGP does not run there.
        """
        files = self._files(namespace)
        pidfd = self._open(namespace)
        if pidfd is None:
            raise NotFoundError(f"{namespace}: {DAEMON} does not run")
        try:
            text = _patiently(pidfd, lambda: self.command(namespace, "neighbor"))
        finally:
            os.close(pidfd)
        ups = count_ups(files.log_text())
        found = parse_sessions(text, time.time(), ups)
        receipt, there = files.read_receipt(), {session.peer for session in found}
        for peer in receipt.asked.peers if receipt is not None else ():
            address = str(peer.address)
            if receipt is not None and address in receipt.listening and address not in there:
                found.append(BgpSession(address, "Active", peer.peer_asn, ups[address], 0.0, {}))
        return sorted(found)

    def command(self, namespace: str, *words: str) -> str:
        """Return the JSON that ``gobgp -j WORDS`` prints in the node.

        Raises:
            NotFoundError: GoBGP does not run there.
        """
        return self._client(namespace).ask(*words)

    def _files(self, namespace: str) -> Files:
        return Files(self._nodes.directory(namespace))

    def _client(self, namespace: str) -> Client:
        return Client(self._nodes, namespace)

    # Starting

    @cached_property
    def _can_listen(self) -> bool:
        return can_listen()

    def _listens(self, daemon: GobgpDaemon) -> frozenset[IpAddress]:
        """Return the peers that GoBGP is to wait for."""
        return frozenset(daemon.listens if daemon.listens and self._can_listen else ())

    def _spawn(self, daemon: GobgpDaemon) -> None:
        files = self._prepare(daemon)
        listens = self._listens(daemon)
        write(files.config, config_text(daemon, listens=listens), private=True)
        files.write_receipt(daemon, map(str, listens), None)
        argv = [program(DAEMON), "-f", str(files.config), "-t", "json", "--log-plain", "--pprof-disable"]
        argv += ["--api-hosts", f"127.0.0.1:{API_PORT}"]
        self._launch(daemon, argv)

    def _settle(self, daemon: GobgpDaemon) -> None:
        """Wait until it answers and has all its peers; tell it what to announce; keep what it shows then."""
        client = self._client(daemon.namespace)
        with self._launched(daemon) as pidfd:
            self._await_ready(daemon, pidfd, client.is_ready)
        listens = self._listens(daemon)
        self._await_peers(daemon, daemon.peers, listens, fresh=True)
        client.tell([path_words("add", path) for path in daemon.paths])
        self._remember(daemon, listens)

    def _remember(self, daemon: GobgpDaemon, listens: Collection[IpAddress]) -> None:
        """Write down what was asked, and what it shows of the peers that it dials."""
        shown = {}
        if len(listens) < len(daemon.peers):
            text = self.command(daemon.namespace, "neighbor")
            shown = {a: s.values for a, s in parse_peers(text).items() if not is_let_in(a, s)}
        self._files(daemon.namespace).write_receipt(daemon, map(str, listens), shown)

    def _await_peers(
        self,
        daemon: GobgpDaemon,
        peers: Sequence[BgpPeer],
        listens: Collection[IpAddress],
        *,
        fresh: bool = False,
    ) -> None:
        """Wait until GoBGP has exactly these peers, and is the next hop to those that say so.

        Args:
            daemon: Whose peers they are.
            peers: Those that it shall have.
            listens: Those of them that it waits for.
            fresh: It had none before: nobody looks for others.
        """
        deadline = time.monotonic() + DEADLINE_S
        wanted = _Wanted(
            frozenset(str(p.address) for p in peers if p.address not in listens),
            frozenset(prefix_of(p.address) for p in peers if p.address in listens),
            frozenset(str(p.address) for p in peers if p.next_hop_self),
        )
        while lacking := self._lacking(daemon.namespace, wanted, fresh=fresh):
            if time.monotonic() > deadline:
                words = self._files(daemon.namespace).last_words()
                why = f"it does not take {', '.join(sorted(lacking))}: {words}"
                raise ApplyError(daemon.namespace, f"configure {DAEMON}", why)
            select.poll().poll(LOOK_MS)

    def _lacking(self, namespace: str, wanted: _Wanted, *, fresh: bool) -> set[str]:
        """Return in what GoBGP differs from what is wanted."""
        client, lacking = self._client(namespace), set[str]()
        try:
            if wanted.listening or (self._can_listen and not fresh):
                lacking |= wanted.listening ^ client.dynamic_neighbors().keys()
            if not fresh or wanted.dialled or wanted.next_hop_self:
                peers, policy = client.ask_all([("neighbor",), ("policy", "neighbor")])
                dialled = {a for a, shown in parse_peers(peers).items() if not is_let_in(a, shown)}
                lacking |= (wanted.dialled ^ dialled) | (wanted.next_hop_self ^ parse_next_hop_self(policy))
        except (NotFoundError, PeerError) as silent:
            return {f"questions ({silent})"}
        return lacking

    # Changing

    def _update(self, daemon: GobgpDaemon) -> None:
        """Make a process that runs be like `daemon`."""
        found = self._running(daemon.namespace)
        if found is None:
            self._spawn(daemon)
            return self._settle(daemon)
        listens = self._listens(daemon)
        changes = daemon.peer_changes(found.daemon)
        if changes.any:
            self._take_out(daemon.namespace, found, changes.removed | changes.changed)
            self._reload_without(daemon, found, listens)
            self._reload(daemon, daemon.peers, listens)
        client = self._client(daemon.namespace)
        for address in changes.policy:
            with suppress(NotFoundError):  # a peer that is away is told when it comes
                client.tell([("neighbor", str(address), "softresetout")])
        wanted, seen = set(daemon.paths), set(found.daemon.paths)
        client.tell([path_words("del", path) for path in seen - wanted])
        client.tell([path_words("add", path) for path in wanted - seen])
        self._remember(daemon, listens)
        return None

    def _take_out(self, namespace: str, found: _Running, gone: Collection[IpAddress]) -> None:
        """Part with the peers that no reload parts with: those it waits for, and those of others."""
        client = self._client(namespace)
        of_the_file = {MARKER, *(peer.address for peer in found.receipt.asked.peers)}
        may_dial = client.dynamic_neighbors() if self._can_listen and gone else {}
        for address in gone:
            prefix = prefix_of(address)
            if prefix in may_dial:
                client.delete_dynamic_neighbor(prefix, may_dial[prefix])
            if prefix in may_dial or address not in of_the_file:
                with suppress(NotFoundError):  # it has gone by itself
                    client.tell([("neighbor", "del", str(address))])

    def _reload_without(self, daemon: GobgpDaemon, found: _Running, listens: Collection[IpAddress]) -> None:
        """Let the file forget, for a moment, what GoBGP believes to have as it shall be.

        Those are peers that change, and what others removed behind its back, of peers and policy. A
        peer that is none tells when GoBGP has read the file.
        """
        asked = {peer.address: peer for peer in found.receipt.asked.peers}
        wanted = {peer.address: peer for peer in daemon.peers}
        changes = daemon.peer_changes(found.daemon)
        absent = changes.changed | (changes.added & asked.keys())
        drifted = any(
            asked[address].next_hop_self == wanted[address].next_hop_self
            for address in changes.policy & asked.keys()
        )
        if not absent and not drifted:
            return
        stays = [peer for peer in daemon.peers if peer.address not in absent]
        if drifted:
            stays = [msgspec.structs.replace(peer, next_hop_self=False) for peer in stays]
        self._reload(daemon, [*stays, marker(daemon)], listens)

    def _reload(self, daemon: GobgpDaemon, peers: Sequence[BgpPeer], listens: Collection[IpAddress]) -> None:
        files = self._files(daemon.namespace)
        write(files.config, config_text(daemon, peers, listens), private=True)
        pidfd = self._open(daemon.namespace)
        if pidfd is None:
            raise ApplyError(daemon.namespace, f"configure {DAEMON}", f"it ended: {files.last_words()}")
        try:
            signal.pidfd_send_signal(pidfd, signal.SIGHUP)
        finally:
            os.close(pidfd)
        self._await_peers(daemon, peers, listens)

    # Looking

    def _running(self, namespace: str) -> _Running | None:
        """Return what runs in a node, None where nothing does or answers."""
        files = self._files(namespace)
        receipt = files.read_receipt()
        if receipt is None:
            return None
        pidfd = self._open(namespace)
        if pidfd is None:
            return None
        try:
            if processes.is_stopped(files.pid):
                return None
            seen = self._look(namespace, receipt, pidfd)
        finally:
            os.close(pidfd)
        if seen is None:
            return None
        if receipt.shown is None:  # its start was cut short
            shown = {address: shown.values for address, shown in seen.dialled.items()}
            files.write_receipt(receipt.asked, receipt.listening, shown)
            receipt = receipt._replace(shown=shown)
        return _Running(receipt, observed(receipt, seen))

    def _silent(self, namespace: str) -> GobgpDaemon | None:
        """Return what was asked of a process that runs without answering, None where none does."""
        files = self._files(namespace)
        receipt = files.read_receipt()
        pidfd = self._open(namespace) if receipt else None
        if receipt is None or pidfd is None:
            return None
        os.close(pidfd)
        return msgspec.structs.replace(receipt.asked, after=(), silent=True)

    def _look(self, namespace: str, receipt: Receipt, pidfd: int) -> Snapshot | None:
        """Return what a process that runs shows, None where it ends or stays silent."""
        with suppress(NotFoundError, PeerError):
            return _patiently(pidfd, lambda: take(self._client(namespace), receipt))
        return None


def _patiently(pidfd: int, ask: Callable[[], T]) -> T:
    """Return the answer of a process that runs.

    The client gives up after a second, which a busy machine may need: it is asked again.

    Raises:
        NotFoundError: It has ended, or stays silent.
        PeerError: Likewise, by its API.
    """
    deadline = time.monotonic() + ANSWER_S
    ended = select.poll()
    ended.register(pidfd, select.POLLIN)
    while True:
        try:
            return ask()
        except (NotFoundError, PeerError):
            if time.monotonic() > deadline or ended.poll(LOOK_MS):
                raise


def can_listen() -> bool:
    """Tell whether this machine's GoBGP can wait for peers; another one dials them all."""
    written = subprocess.run([program(DAEMON), "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)\.(\d+)", written.stdout)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    return LISTENS_SINCE <= version < LISTENS_UNTIL


class _Running(NamedTuple):
    """What was asked of a process, and what it is."""

    receipt: Receipt
    daemon: GobgpDaemon


class _Wanted(NamedTuple):
    """What a process shall show: peers that it dials, prefixes that may dial, whom it is the next hop to."""

    dialled: frozenset[str]
    listening: frozenset[str]
    next_hop_self: frozenset[str]
