"""Starts, asks, changes and ends beacons."""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lookout.beacon.resource import Beacon
from nlan import processes
from nlan.engines.base import BgpAlone, BgpSession
from nlan.errors import ApplyError, NlanError, os_words
from nlan.plan import Operation
from nlan.resources import FABRIC, Key
from nlan.runtimes.base import Nodes
from nlan.system import safefiles

PROGRAM = Path(__file__).with_name("daemon.py")
DAEMON = "beacon"
PATIENCE_S, START_S, LOOK_MS = 2.0, 10.0, 5


class Files(NamedTuple):
    """The paths of a node's beacon."""

    directory: Path

    @property
    def config(self) -> Path:
        return self.directory / "beacon.lines"

    @property
    def socket(self) -> Path:
        return self.directory / "beacon.sock"

    @property
    def log(self) -> Path:
        return self.directory / "beacon.log"

    @property
    def pid(self) -> Path:
        return self.directory / "beacon.pid"

    def write(self, beacon: Beacon) -> None:
        safefiles.write(self.config, "".join(f"{line}\n" for line in beacon.lines).encode())

    def ask(self, word: str, patience_s: float) -> tuple[str, ...]:
        """Say a word, and return the lines that come back.

        Raises:
            OSError: Nobody listens, or who listens says nothing.
        """
        with socket.socket(socket.AF_UNIX) as client, safefiles.socket_path(self.socket) as path:
            client.settimeout(patience_s)
            client.connect(path)
            client.sendall(word.encode())
            answer = b"".join(iter(lambda: client.recv(4096), b""))
        return tuple(answer.decode().splitlines())


class BeaconDriver(BgpAlone):
    """See `nlan.engines.base.EngineDriver`."""

    kinds = ("beacon",)

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    def pid_path(self, namespace: str, daemon: str = DAEMON) -> Path:
        return self._files(namespace).pid

    def sessions(self, namespace: str) -> list[BgpSession]:
        return []

    def observe(self, namespaces: Sequence[str]) -> Iterator[Beacon]:
        for namespace in namespaces:
            if "/" in namespace or namespace == FABRIC or not self._runs(namespace):
                continue
            try:
                lines = self._files(namespace).ask("show", self.patience_s or PATIENCE_S)
                yield Beacon(namespace=namespace, lines=lines)
            except OSError:
                if self._runs(namespace):
                    yield Beacon(namespace=namespace, silent=True)

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        return [self._apply(operation) for operation in operations]

    def _apply(self, operation: Operation) -> NlanError | None:
        key, beacon = operation.key, operation.desired
        try:
            if operation.action in ("delete", "replace") or not self._runs(key.namespace):
                self._end(key)
            if isinstance(beacon, Beacon) and operation.action != "delete":
                self._bring(beacon)
        except NlanError as error:
            return error
        except OSError as error:
            return ApplyError(key.namespace, f"{operation.action} {DAEMON}", os_words(error))
        return None

    def _bring(self, beacon: Beacon) -> None:
        """Have it run with these lines."""
        self._nodes.make_directory(beacon.namespace)
        files = self._files(beacon.namespace)
        files.write(beacon)
        if self._runs(beacon.namespace):
            files.ask("load", PATIENCE_S)
            return
        argv = [sys.executable, "-I", "-S", str(PROGRAM), str(files.config), str(files.socket)]
        pid = self._nodes.spawn(beacon.namespace, argv, output=files.log)
        pidfd = os.pidfd_open(pid)
        safefiles.write(files.pid, str(pid).encode())
        try:
            self._await(beacon, pidfd)
        finally:
            os.close(pidfd)

    def _await(self, beacon: Beacon, pidfd: int) -> None:
        ended, files = select.poll(), self._files(beacon.namespace)
        ended.register(pidfd, select.POLLIN)
        deadline = time.monotonic() + START_S
        while True:
            try:
                files.ask("show", PATIENCE_S)
                return
            except OSError as error:
                if ended.poll(LOOK_MS) or time.monotonic() > deadline:
                    raise ApplyError(beacon.namespace, f"start {DAEMON}", os_words(error)) from error

    def _end(self, key: Key) -> None:
        files = self._files(key.namespace)
        if processes.end(processes.open_all(self._nodes, {key: [str(files.config)]})):
            raise ApplyError(key.namespace, f"stop {DAEMON}", "it does not end")
        for path in (files.config, files.socket, files.log, files.pid):
            safefiles.remove(path)

    def _files(self, namespace: str) -> Files:
        return Files(self._nodes.directory(namespace))

    def _runs(self, namespace: str) -> bool:
        pidfd = processes.open_daemon(self._nodes, namespace, DAEMON, self._files(namespace).pid)
        if pidfd is not None:
            os.close(pidfd)
        return pidfd is not None
