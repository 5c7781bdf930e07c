"""Starting daemons, many at a time, and waiting until each has read its configuration.

Per node mgmtd comes first, where FRR has one: zebra without it tries to reach it every 10 ms, at a
tenth of a processor. The others wait for zebra's socket: one that does not find it tries again after seconds.
Everything is awaited by events: sockets that appear (inotify), answers, daemons that end (pidfd).
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from nlan.engines.frr.config import tree as frrconfig
from nlan.engines.frr.programs import MANAGER, program
from nlan.engines.frr.resource import FrrDaemon
from nlan.engines.frr.run import ospf_fast_start, refusals
from nlan.engines.frr.run.files import ZEBRA_SOCKET, Files, Receipt, own_lines
from nlan.engines.frr.run.vty import Answer, Vty
from nlan.engines.frr.run.watch import Watch
from nlan.errors import ApplyError, HostError, NlanError, PeerError, os_words
from nlan.resources import Key
from nlan.runtimes.base import Nodes
from nlan.system import safefiles

DEADLINE_S = 120.0
"""How long a daemon may take from its start to its first answer."""
RETRY_MS = 2
"""Between a socket's name and its first connection, a listener may be missing for microseconds."""
ROOTS = frozenset({MANAGER, "zebra"})
QUESTION = ("enable", "show running-config")


class Start:
    """One daemon on its way up."""

    def __init__(self, resource: FrrDaemon, files: Files) -> None:
        """Keep what is to be started."""
        self.resource, self.files = resource, files
        self.config = resource.config or ()
        self.pidfd = -1
        self.vty: Vty | None = None
        self.answers: list[Answer] = []
        self.running: tuple[str, ...] | None = None
        self.error: NlanError | None = None
        self.refused: dict[frrconfig.Path, str] = {}
        self.logged = 0

    @property
    def written(self) -> Mapping[frrconfig.Path, int]:
        """What the user wrote: FRR may refuse it, which `refused` tells then."""
        return dict(self.resource.written or ())

    @property
    def settled(self) -> bool:
        """Whether there is nothing to wait for any more."""
        return self.error is not None or self.running is not None

    def spawn(self, nodes: Nodes) -> None:
        """Write its files and start it."""
        files, daemon = self.files, self.resource.daemon
        try:
            path = program(daemon)
            files.clear()
            safefiles.remove(files.receipt)
            files.write_config(ospf_fast_start.start_lines(daemon, self.config), written=bool(self.written))
            Receipt(self.config, None).write(files)
            self.logged = _size(files.config_log)
            self.pidfd = os.pidfd_open(
                nodes.spawn(self.resource.namespace, _argv(path, files), output=files.output)
            )
        except OSError as error:
            self.error = self._failed(os_words(error))
        except HostError as error:
            self.error = self._failed(str(error))

    def step(self) -> None:
        """Go one step further where possible without waiting."""
        if self.settled or self.pidfd < 0:
            return
        try:
            if self.vty is None:
                with suppress(FileNotFoundError, ConnectionRefusedError):
                    self.vty = Vty(self.files.vty)
                    self.vty.send(*QUESTION)
        except (OSError, PeerError) as error:
            self.error = self._failed(str(error))

    def answered(self) -> None:
        """Read what the daemon said."""
        assert self.vty is not None
        try:
            self.answers += self.vty.receive()
        except PeerError as error:
            self.error = self._failed(f"{error}; {self.last_words()}")
        if len(self.answers) >= len(QUESTION):
            self._ready()

    def _ready(self) -> None:
        running = frrconfig.canonical(self.answers[1].text)
        self.running = own_lines(self.resource.daemon, running, has_manager=self.files.has_manager)
        config = ospf_fast_start.start_lines(self.resource.daemon, self.config)
        found = refusals.of_file(self.files, self.logged, config, self.written)
        self.refused = found.written
        if found.derived:
            self.error = self._failed("; ".join(f"{what}: {line}" for line, what in found.derived.items()))
            accepted = tuple(line for line in self.config if line.strip() not in found.derived)
            Receipt(accepted, self.running).write(self.files)

    def ended(self) -> None:
        """Note that the process is gone."""
        self.error = self._failed(f"it ended at its start: {self.last_words()}")

    def lacks_zebra(self) -> None:
        """Note that what it needs does not run."""
        self.error = self._failed("zebra does not run there")

    def late(self) -> None:
        """Note that the deadline has passed, and end what hangs."""
        if not self.settled:
            if self.pidfd >= 0:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
            self.error = self._failed(f"not ready after {DEADLINE_S:.0f} s: {self.last_words()}")

    def last_words(self) -> str:
        """Return the last lines that the daemon printed or logged."""
        for path in (self.files.output, self.files.log):
            with suppress(OSError):
                if lines := safefiles.read_end(path).decode(errors="replace").strip().splitlines():
                    return " | ".join(lines[-3:])
        return "it said nothing"

    def close(self) -> None:
        """Let go of descriptors."""
        if self.vty is not None:
            self.vty.close()
        if self.pidfd >= 0:
            os.close(self.pidfd)

    def _failed(self, reason: str) -> ApplyError:
        return ApplyError(self.resource.namespace, f"start {self.resource.daemon}", reason)


def _argv(path: str, files: Files) -> list[str]:
    name = files.daemon
    managed = MANAGER in (name, files.configured_by)
    config = [] if managed else ["-f", f"/etc/frr/{files.config.name}"]
    log = ["--log", files.log_target, "--log-level", "informational"]
    instance = ["-n", number] if (number := files.daemon.partition("-")[2]) else []
    return [path, "-A", "127.0.0.1", "-P", "0", *instance, *config, *log]


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


def start_all(nodes: Nodes, starts: Sequence[Start], ready: Callable[[Start], None]) -> None:
    """Start all, in parallel; afterwards each is ready or has an error.

    Args:
        nodes: Where.
        starts: What.
        ready: Told of each as it is ready, while others are still on their way.
    """
    waiting = _by_node(starts)
    with Watch() as watch:
        for directory in {start.files.run for start in starts}:
            watch.add(directory)
        try:
            _spawn(nodes, (start for start in starts if start.resource.daemon == MANAGER))
            _spawn(nodes, (start for start in starts if start.resource.daemon == "zebra"))
            _wait(nodes, watch, starts, waiting, ready)
        finally:
            for start in starts:
                start.close()


def _by_node(starts: Iterable[Start]) -> dict[Path, list[Start]]:
    """Return the daemons that wait for zebra's socket, per directory of that socket."""
    waiting: dict[Path, list[Start]] = {}
    for start in starts:
        if start.resource.daemon not in ROOTS:
            waiting.setdefault(start.files.run, []).append(start)
    return waiting


def _spawn(nodes: Nodes, starts: Iterable[Start]) -> None:
    for start in starts:
        start.spawn(nodes)


def _wait(
    nodes: Nodes,
    watch: Watch,
    starts: Sequence[Start],
    waiting: dict[Path, list[Start]],
    ready: Callable[[Start], None],
) -> None:
    """Wait for all; only those that something happened to are looked at, there may be hundreds."""
    poll = select.poll()
    poll.register(watch, select.POLLIN)
    owners: dict[int, tuple[Start, Callable[[], None]]] = {}
    in_run: dict[Path, list[Start]] = {}
    for start in starts:
        in_run.setdefault(start.files.run, []).append(start)
    deadline = time.monotonic() + DEADLINE_S
    look, left = set(starts), set(starts)
    while True:
        look |= _release(nodes, waiting, in_run, {start.files.run for start in look})
        for start in look:
            start.step()
        _register(poll, owners, look)
        settled = {start for start in left & look if start.settled}
        for start in settled:
            if start.error is None:
                ready(start)
        left -= settled
        if not left:
            return
        if (remaining := deadline - time.monotonic()) <= 0:
            for start in left:
                start.late()
            return
        look = {start for start in look if _nobody_listens(start)}
        for descriptor, _ in poll.poll(RETRY_MS if look else remaining * 1000):
            if descriptor == watch.fileno():
                look.update(start for run in watch.drain() for start in in_run.get(run, ()))
            else:
                start, handler = owners.pop(descriptor)
                poll.unregister(descriptor)
                handler()
                look.add(start)


def _nobody_listens(start: Start) -> bool:
    return not start.settled and start.pidfd >= 0 and start.vty is None and start.files.vty.exists()


def _release(
    nodes: Nodes, waiting: dict[Path, list[Start]], in_run: Mapping[Path, Sequence[Start]], runs: set[Path]
) -> set[Start]:
    """Start those whose zebra listens, fail those whose zebra will not come; return both."""
    released: set[Start] = set()
    for run in runs & waiting.keys():
        if (run / ZEBRA_SOCKET).exists():
            released.update(waiting[run])
            _spawn(nodes, waiting.pop(run))
        elif not any(start.resource.daemon == "zebra" and not start.error for start in in_run[run]):
            released.update(waiting[run])
            for start in waiting.pop(run):
                start.lacks_zebra()
    return released


def _register(
    poll: select.poll, owners: dict[int, tuple[Start, Callable[[], None]]], starts: Iterable[Start]
) -> None:
    """Wait for each daemon's answers and for its end, as far as it has come."""
    for start in starts:
        for descriptor, handler in _awaited(start):
            if descriptor not in owners:
                owners[descriptor] = start, handler
                poll.register(descriptor, select.POLLIN)


def _awaited(start: Start) -> Iterator[tuple[int, Callable[[], None]]]:
    if start.settled:
        return
    if start.pidfd >= 0:
        yield start.pidfd, start.ended
    if start.vty is not None:
        yield start.vty.fileno(), start.answered


def results(starts: Iterable[Start]) -> Mapping[Key, NlanError | None]:
    """Return the outcome per daemon."""
    return {start.resource.key: start.error for start in starts}
