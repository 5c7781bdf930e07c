"""GoBGP: one process per node, its peers changed live by a reload of its file (SIGHUP).

GoBGP compares the new file with the old one and touches the peers that differ. Some changes of a
peer it takes note of without acting (a route reflector client that is none any more; FRR's
neighbour is none the wiser), and it stops at the first of them: so a peer that changes is taken out
and put in again by two reloads. Its session would reset anyway; the others stay.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from nlan.drivers import processes
from nlan.drivers.base import Place
from nlan.drivers.gobgp.config import (
    GobgpSession,
    config_text,
    parse_peers,
    parse_sessions,
    peer_from,
)
from nlan.drivers.gobgp.log import NAME as LOG_NAME
from nlan.errors import ApplyError, HostError, NlanError, NotFoundError
from nlan.model import BgpPeer, from_json, to_builtins
from nlan.plan import Operation
from nlan.resources import FABRIC, GobgpDaemon, Key

DAEMON = "gobgpd"
API_PORT = 50051
DEADLINE_S = 20.0
"""How long a start or a reload may take."""
ANSWER_S = 5.0
"""How long a process that runs may take to answer."""
LOOK_MS = 4
"""GoBGP tells nobody when it is ready: it is asked this often."""


class Files(NamedTuple):
    """The paths of a node's GoBGP, all in its run directory."""

    directory: Path

    @property
    def config(self) -> Path:
        """What it reads at its start and at SIGHUP."""
        return self.directory / "gobgpd.json"

    @property
    def log(self) -> Path:
        """What it says: sessions up and down, peers added and removed."""
        return self.directory / LOG_NAME

    @property
    def pid(self) -> Path:
        """Its process id, written by nlan."""
        return self.directory / "gobgpd.pid"

    @property
    def receipt(self) -> Path:
        """What was asked and what it showed then."""
        return self.directory / "gobgpd-receipt.json"

    def remove(self) -> None:
        """Remove what it leaves behind."""
        for path in (self.config, self.log, self.pid, self.receipt):
            path.unlink(missing_ok=True)


class GobgpDriver:
    """Serves `GobgpDaemon`."""

    kinds = ("gobgp",)

    def __init__(self, place: Place) -> None:
        """Work in that place."""
        self._spawned: dict[str, int] = {}
        self._place = place

    def observe(self, namespaces: Sequence[str]) -> Iterable[GobgpDaemon]:
        """Return the daemons that run and answer."""
        for namespace in namespaces:
            if "/" in namespace or namespace == FABRIC:
                continue
            if (found := self._observed(namespace)) is not None:
                yield found

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Start all that is new at once; change and end the others."""
        outcome: dict[Key, NlanError | None] = {}
        ended = [o.key for o in operations if o.action in ("delete", "replace")]
        outcome.update(self._end(ended))
        fresh = [o for o in operations if o.action in ("create", "replace") and outcome.get(o.key) is None]
        started: list[GobgpDaemon] = []
        for operation in fresh:
            assert isinstance(operation.desired, GobgpDaemon)
            if self._observed(operation.key.namespace) is None:
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

    def sessions(self, namespace: str) -> list[GobgpSession]:
        """Return the BGP peers of a node.

        Raises:
            NotFoundError: GoBGP does not run there.
        """
        return parse_sessions(self.command(namespace, "neighbor"), time.time())

    def command(self, namespace: str, *words: str) -> str:
        """Return the JSON that ``gobgp -j WORDS`` prints in the node.

        Raises:
            NotFoundError: GoBGP does not run there.
        """
        import subprocess

        argv = [_program("gobgp"), "-j", *words]
        with self._place.inside(namespace):
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NotFoundError(f"{namespace}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def log_path(self, namespace: str) -> Path:
        """Return the log that grows when a session changes (``Peer Up``, ``Peer Down``)."""
        return self._files(namespace).log

    def _files(self, namespace: str) -> Files:
        return Files(self._place.directory(namespace))

    def _guarded(self, daemon: GobgpDaemon, what: str, step: Any) -> NlanError | None:
        try:
            step(daemon)
        except (OSError, NlanError) as error:
            if isinstance(error, ApplyError):
                return error
            return ApplyError(daemon.namespace, f"{what} {DAEMON}", str(error))
        return None

    def _spawn(self, daemon: GobgpDaemon) -> None:
        self._place.make_directory(daemon.namespace)
        files = self._files(daemon.namespace)
        self._end_strays(daemon)
        files.remove()
        _write(files.config, config_text(daemon), private=True)
        _write(files.receipt, _receipt(daemon, None), private=True)
        argv = [_program(DAEMON), "-f", str(files.config), "-t", "json", "--log-plain", "--pprof-disable"]
        argv += ["--api-hosts", f"127.0.0.1:{API_PORT}"]
        pid = self._place.spawn(daemon.namespace, argv, output=files.log)
        self._spawned[daemon.namespace] = os.pidfd_open(pid)
        _write(files.pid, str(pid))

    def _end_strays(self, daemon: GobgpDaemon) -> None:
        """End what an nlan started that was killed before it wrote the number down: it holds the ports."""
        found = self._place.processes(daemon.namespace)
        strays: dict[Key, int] = {}
        for pid in (pid for pid, program in found.items() if program == DAEMON):
            with suppress(ProcessLookupError):
                strays[Key(DAEMON, daemon.namespace, str(pid))] = os.pidfd_open(pid)
        if processes.end(strays):
            raise ApplyError(daemon.namespace, f"start {DAEMON}", "another one does not end")

    def _settle(self, daemon: GobgpDaemon) -> None:
        """Wait until it answers and has all its peers; keep what it shows then."""
        files = self._files(daemon.namespace)
        # Not looked up by its number: the kernel lets the parent go on before the child has its new name.
        pidfd = self._spawned.pop(daemon.namespace)
        try:
            self._await_api(daemon, pidfd)
        finally:
            os.close(pidfd)
        shown = self._await_peers(daemon.namespace, {str(peer.address) for peer in daemon.peers})
        _write(files.receipt, _receipt(daemon, shown), private=True)

    def _await_api(self, daemon: GobgpDaemon, pidfd: int) -> None:
        deadline = time.monotonic() + DEADLINE_S
        ended = select.poll()
        ended.register(pidfd, select.POLLIN)
        while not self._listens(daemon.namespace):
            late = time.monotonic() > deadline
            if late or ended.poll(LOOK_MS):
                why = f"not ready after {DEADLINE_S:.0f} s" if late else "it ended at its start"
                words = _last_words(self._files(daemon.namespace))
                raise ApplyError(daemon.namespace, f"start {DAEMON}", f"{why}: {words}")

    def _listens(self, namespace: str) -> bool:
        with self._place.open_socket(namespace, socket.AF_INET, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(("127.0.0.1", API_PORT)) == 0

    def _await_peers(self, namespace: str, addresses: set[str]) -> dict[str, dict[str, Any]]:
        """Wait until GoBGP has exactly these peers, and return what it shows of them."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            shown = self._shown(namespace, last=time.monotonic() > deadline)
            if shown.keys() == addresses:
                return shown
            if time.monotonic() > deadline:
                lacking = ", ".join(sorted(shown.keys() ^ addresses))
                words = _last_words(self._files(namespace))
                raise ApplyError(namespace, f"configure {DAEMON}", f"it does not take {lacking}: {words}")
            select.poll().poll(LOOK_MS)

    def _shown(self, namespace: str, *, last: bool) -> dict[str, dict[str, Any]]:
        """Return the peers it shows; none where it does not answer, an error if this was the `last` time."""
        try:
            return parse_peers(self.command(namespace, "neighbor"))
        except NotFoundError:
            if last:
                raise
            return {}

    def _update(self, daemon: GobgpDaemon) -> None:
        """Reload, twice where a peer that is there changes."""
        observed = self._observed(daemon.namespace)
        if observed is None:
            self._spawn(daemon)
            return self._settle(daemon)
        seen = {peer.address: peer for peer in observed.peers}
        asked = {peer.address for peer in self._asked(daemon.namespace)}
        for address in seen.keys() - asked:
            self.command(daemon.namespace, "neighbor", "del", str(address))
        if any(p.address in asked and seen.get(p.address) != p for p in daemon.peers):
            self._reload(daemon, [p for p in daemon.peers if seen.get(p.address) == p])
        shown = self._reload(daemon, daemon.peers)
        _write(self._files(daemon.namespace).receipt, _receipt(daemon, shown), private=True)
        return None

    def _asked(self, namespace: str) -> tuple[BgpPeer, ...]:
        data = json.loads(self._files(namespace).receipt.read_bytes())
        return from_json(data["asked"], GobgpDaemon).peers

    def _reload(self, daemon: GobgpDaemon, peers: Sequence[BgpPeer]) -> dict[str, dict[str, Any]]:
        files = self._files(daemon.namespace)
        _write(files.config, config_text(daemon, peers), private=True)
        pidfd = processes.open_daemon(self._place, daemon.namespace, DAEMON, files.pid)
        if pidfd is None:
            raise ApplyError(daemon.namespace, f"configure {DAEMON}", f"it ended: {_last_words(files)}")
        try:
            signal.pidfd_send_signal(pidfd, signal.SIGHUP)
        finally:
            os.close(pidfd)
        return self._await_peers(daemon.namespace, {str(peer.address) for peer in peers})

    def _observed(self, namespace: str) -> GobgpDaemon | None:
        files = self._files(namespace)
        try:
            data = json.loads(files.receipt.read_bytes())
        except FileNotFoundError:
            return None
        pidfd = processes.open_daemon(self._place, namespace, DAEMON, files.pid)
        if pidfd is None:
            return None
        try:
            now = self._peers_of(namespace, pidfd)
        finally:
            os.close(pidfd)
        if now is None:
            return None
        asked = from_json(data["asked"], GobgpDaemon)
        shown = data["shown"]
        if shown is None:
            shown = now
            _write(files.receipt, _receipt(asked, now), private=True)
        return _with_peers(asked, _merged(asked.peers, shown, now))

    def _peers_of(self, namespace: str, pidfd: int) -> dict[str, dict[str, Any]] | None:
        """Return what a process that runs shows of its peers, None where it ends or stays silent.

        The client gives up after a second, which a busy machine may need: it is asked again.
        """
        deadline = time.monotonic() + ANSWER_S
        ended = select.poll()
        ended.register(pidfd, select.POLLIN)
        while True:
            try:
                return parse_peers(self.command(namespace, "neighbor"))
            except NotFoundError:
                if time.monotonic() > deadline or ended.poll(LOOK_MS):
                    return None

    def _end(self, keys: Sequence[Key]) -> dict[Key, NlanError | None]:
        opened = {
            key: processes.open_daemon(self._place, key.namespace, DAEMON, self._files(key.namespace).pid)
            for key in keys
        }
        left = processes.end({key: pidfd for key, pidfd in opened.items() if pidfd is not None})
        for key in keys:
            if key not in left:
                self._files(key.namespace).remove()
        why = "it does not end, not even by SIGKILL"
        return {
            key: ApplyError(key.namespace, f"stop {DAEMON}", why) if key in left else None for key in keys
        }


def _merged(
    asked: Sequence[BgpPeer], shown: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]]
) -> list[BgpPeer]:
    """Return the peers as asked where nothing changed since, else as GoBGP shows them."""
    wanted = {str(peer.address): peer for peer in asked}
    return [
        wanted[address]
        if address in wanted and now[address] == shown.get(address)
        else peer_from(address, now[address])
        for address in now
    ]


def _with_peers(daemon: GobgpDaemon, peers: Iterable[BgpPeer]) -> GobgpDaemon:
    ordered = sorted(peers, key=lambda peer: (peer.address.version, int(peer.address)))
    return GobgpDaemon(
        namespace=daemon.namespace, asn=daemon.asn, router_id=daemon.router_id, peers=tuple(ordered), after=()
    )


def _receipt(daemon: GobgpDaemon, shown: dict[str, dict[str, Any]] | None) -> str:
    return json.dumps({"asked": to_builtins(_with_peers(daemon, daemon.peers)), "shown": shown})


def _write(path: Path, text: str, *, private: bool = False) -> None:
    """Replace a file in one step; a private one (it may hold keys) is root's alone."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.touch(mode=0o600 if private else 0o644)
    temporary.write_text(text)
    os.replace(temporary, path)


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise HostError(f"{name} is missing: install GoBGP")
    return path


def _last_words(files: Files) -> str:
    with suppress(OSError):
        if lines := files.log.read_text(errors="replace").strip().splitlines():
            return " | ".join(lines[-3:])
    return "it said nothing"
