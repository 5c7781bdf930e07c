"""BIRD: one process per node, changed in place by `configure` over its control socket.

BIRD compares the new configuration with the one that runs, protocol by protocol, and leaves alone what is
equal; what nlan writes is the same each time but for what changed. It is asked to check a file first, so
that one that it refuses never becomes its own.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

from nlan import processes
from nlan.engines._one_daemon import OneDaemonDriver
from nlan.engines.base import BgpSession, OspfNeighbor
from nlan.engines.bird.config import text
from nlan.engines.bird.control import TIMEOUT_S, Control
from nlan.engines.bird.files import Files, Moment, Receipt
from nlan.engines.bird.introduce import introduce
from nlan.engines.bird.log import count_ups
from nlan.engines.bird.programs import DAEMON, program
from nlan.engines.bird.resource import BirdDaemon
from nlan.engines.bird.show import (
    CLOCK,
    Shown,
    parse_neighbors,
    parse_protocols,
    parse_sessions,
    parse_status,
)
from nlan.errors import ApplyError, NlanError, NotFoundError, PeerError
from nlan.plan import Operation
from nlan.processes.files import write
from nlan.resources import FABRIC, Key
from nlan.runtimes.base import Nodes

DEADLINE_S = 30.0
"""How long a start or a reconfiguration may take."""
LOOK_MS = 2
"""BIRD tells nobody when it is ready: it is looked for this often."""


class BirdDriver(OneDaemonDriver[BirdDaemon, Files]):
    """Serves `BirdDaemon`."""

    kinds = ("bird",)
    daemon, deadline_s, look_ms = DAEMON, DEADLINE_S, LOOK_MS

    def __init__(self, nodes: Nodes) -> None:
        """Work in that place."""
        super().__init__(nodes)
        self.patience_s: float | None = None

    def observe(self, namespaces: Sequence[str]) -> Iterable[BirdDaemon]:
        """Return the daemons that run."""
        for namespace in namespaces:
            if "/" not in namespace and namespace != FABRIC and (found := self._observed(namespace)):
                yield found

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Start all that is new at once; change and end the others."""
        outcome: dict[Key, NlanError | None] = {}
        outcome.update(self._end([o.key for o in operations if o.action in ("delete", "replace")]))
        started: list[BirdDaemon] = []
        for operation in operations:
            daemon = operation.desired
            if not isinstance(daemon, BirdDaemon) or operation.action == "delete" or outcome.get(daemon.key):
                continue
            if operation.action != "replace" and self._runs(daemon.namespace):
                outcome[daemon.key] = self._guarded(daemon, "change", self._update)
                continue
            outcome[daemon.key] = self._guarded(daemon, "start", self._spawn)
            started += [daemon] if outcome[daemon.key] is None else []
        for daemon in started:
            outcome[daemon.key] = self._guarded(daemon, "start", self._settle)
        wanted = (operation.desired for operation in operations if outcome.get(operation.key) is None)
        introduce(self._nodes, [daemon for daemon in wanted if isinstance(daemon, BirdDaemon)])
        return [outcome.get(operation.key) for operation in operations]

    def sessions(self, namespace: str) -> list[BgpSession]:
        """Return the BGP peers of a node.

        Raises:
            NotFoundError: BIRD does not run there, or does not answer.
        """
        with self._control(namespace) as control:
            try:
                now = parse_status(control.show("show status")).now
                shown = control.show("show protocols all")
            except PeerError as error:
                raise NotFoundError(f"{namespace}: {error}") from error
        return parse_sessions(shown, now, count_ups(self._files(namespace).log_text()))

    def ospf_neighbors(self, namespace: str) -> list[OspfNeighbor]:
        """Return the OSPF neighbours of a node; none where BIRD does not run, or stays silent."""
        receipt = self._files(namespace).read_receipt()
        if receipt is None or not receipt.asked.ospf:
            return []
        with suppress(NotFoundError, PeerError), self._control(namespace) as control:
            return [
                neighbor
                for name, version in receipt.asked.ospf.items()
                for neighbor in parse_neighbors(control.ask(f"show ospf neighbors {name}").lines, version)
            ]
        return []

    def _files(self, namespace: str) -> Files:
        return Files(self._nodes.directory(namespace))

    def _control(self, namespace: str) -> Control:
        """Return a conversation with a node's BIRD.

        Raises:
            NotFoundError: It does not run, or does not answer.
        """
        files = self._files(namespace)
        if not self._runs(namespace):
            raise NotFoundError(f"{namespace}: {DAEMON} does not run")
        if processes.is_stopped(files.pid):
            raise NotFoundError(f"{namespace}: {DAEMON} stands still")
        try:
            return _talk(files, TIMEOUT_S if self.patience_s is None else self.patience_s)
        except (OSError, PeerError) as error:
            raise NotFoundError(f"{namespace}: {DAEMON} does not answer: {error}") from error

    # Starting

    def _spawn(self, daemon: BirdDaemon) -> None:
        files = self._prepare(daemon)
        write(files.config, text(daemon.statements), private=True)
        files.write_receipt(daemon, None)
        self._launch(daemon, [program(DAEMON), "-f", "-c", str(files.config), "-s", files.control_in_node])

    def _settle(self, daemon: BirdDaemon) -> None:
        """Wait until it has read its configuration, and write down when that was."""
        files = self._files(daemon.namespace)

        def is_ready() -> bool:
            with suppress(OSError, PeerError), _talk(files, TIMEOUT_S) as control:
                files.write_receipt(daemon, _look(control).configured)
                return True
            return False

        with self._launched(daemon) as pidfd:
            self._await_ready(daemon, pidfd, is_ready)

    # Changing

    def _update(self, daemon: BirdDaemon) -> None:
        """Make a process that runs be like `daemon`."""
        files = self._files(daemon.namespace)
        with self._control(daemon.namespace) as control:
            write(files.candidate, text(daemon.statements), private=True)
            _order(control, daemon, f'configure check "{files.candidate}"')
            os.replace(files.candidate, files.config)
            files.write_receipt(daemon, None)
            _order(control, daemon, f'configure "{files.config}"')
            for shown in _switched_off(control):
                _order(control, daemon, f"enable {shown.name}")
            files.write_receipt(daemon, _await_done(control, daemon).configured)

    # Looking

    def _observed(self, namespace: str) -> BirdDaemon | None:
        """Return what runs in a node, None where nothing does."""
        files = self._files(namespace)
        receipt = files.read_receipt()
        if receipt is None or not self._runs(namespace):
            return None
        try:
            with self._control(namespace) as control:
                wrong = tuple(_wrong(files, receipt, _look(control), _switched_off(control)))
                return msgspec.structs.replace(receipt.asked, after=(), wrong=wrong)
        except (NotFoundError, PeerError):
            if not self._runs(namespace):
                return None
        return msgspec.structs.replace(receipt.asked, after=(), silent=True)


def _talk(files: Files, patience_s: float) -> Control:
    """Return a conversation in which times are seconds.

    Raises:
        OSError: Nobody listens.
        PeerError: Who listens says nothing.
    """
    control = Control(files.control, patience_s)
    try:
        control.ask(CLOCK)  # one that does not know this shows times as its configuration says
    except PeerError:
        control.close()
        raise
    return control


class _Look(NamedTuple):
    """When a BIRD took its configuration, and whether it is done with it."""

    configured: Moment
    is_done: bool


def _look(control: Control) -> _Look:
    begun = time.monotonic()
    status = parse_status(control.show("show status"))
    age = status.now - status.configured
    return _Look(Moment(begun - age, time.monotonic() - age), status.is_done)


def _wrong(files: Files, receipt: Receipt, look: _Look, off: Iterable[Shown]) -> Iterable[str]:
    if receipt.configured is None:
        yield "its last change was cut short"
    elif not receipt.configured.may_be(look.configured):
        yield "somebody else configured it"
    if files.is_changed(receipt.asked):
        yield "its configuration file was changed"
    if names := [shown.name for shown in off]:
        yield f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} disabled"


def _switched_off(control: Control) -> list[Shown]:
    """Return the protocols that somebody switched off: one that only fails is about to start again."""
    return [shown for shown in parse_protocols(control.show("show protocols")) if shown.state == "down"]


def _order(control: Control, daemon: BirdDaemon, command: str) -> None:
    answer = control.ask(command)
    if answer.failed:
        raise ApplyError(daemon.namespace, f"configure {DAEMON}", answer.words)


def _await_done(control: Control, daemon: BirdDaemon) -> _Look:
    """Wait until what goes has gone: BIRD flushes routes of protocols that end bit by bit."""
    deadline = time.monotonic() + DEADLINE_S
    while not (look := _look(control)).is_done:
        if time.monotonic() > deadline:
            raise ApplyError(daemon.namespace, f"configure {DAEMON}", f"not done after {DEADLINE_S:.0f} s")
        select.poll().poll(LOOK_MS)
    return look
