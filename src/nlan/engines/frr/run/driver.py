"""FRR: daemons and their configuration, observed and changed over their own sockets."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from nlan import processes
from nlan.engines.frr.config.tree import Path, compare, lines, paths
from nlan.engines.frr.programs import MANAGER
from nlan.engines.frr.resource import FrrDaemon
from nlan.engines.frr.run import afresh, bgp_fast_start, load, ospf_fast_start, workqueue
from nlan.engines.frr.run.asked import all_asked, has_daemons
from nlan.engines.frr.run.asked import observed as observed_of
from nlan.engines.frr.run.files import Files, Receipt
from nlan.engines.frr.run.orphans import is_orphan
from nlan.engines.frr.run.questions import Questions
from nlan.engines.frr.run.refusals import Refusal, started_again
from nlan.engines.frr.run.start import Start, start_all
from nlan.errors import ApplyError, NlanError, NotFoundError, PeerError, os_words
from nlan.plan import Operation
from nlan.resources import Key
from nlan.runtimes.base import Nodes


class FrrDriver(Questions):
    """Serves `FrrDaemon`. What is not in a node's run directory does not exist for it.

    Attributes:
        is_strict: Whether a line that a user wrote and FRR refuses is an error, as one of nlan's is.
        refusals: Such lines of all operations so far, where it is none.
        patience_s: How long a daemon may take until it counts as one that does not answer; None for as
            long as one that is replaced for it.
    """

    kinds = ("frr",)

    def __init__(self, nodes: Nodes) -> None:
        """Work in that place."""
        super().__init__(nodes)
        self.is_strict = False
        self.refusals: list[Refusal] = []
        self.patience_s: float | None = None

    def observe(self, namespaces: Sequence[str]) -> Iterable[FrrDaemon]:
        """Return the daemons that run; a dead one is not there."""
        started = {name: list(self._started(name)) for name in namespaces if has_daemons(name)}
        answers = all_asked(started, self.patience_s)
        self._silent = {one for one in self._silent if one[0] not in answers}
        for namespace, configs in answers.items():
            self._silent |= {(namespace, f.daemon) for f, c in configs.items() if isinstance(c, PeerError)}
            zebra = any(files.daemon == "zebra" and isinstance(c, tuple) for files, c in configs.items())
            for files, config in configs.items():
                if isinstance(config, PeerError):
                    yield FrrDaemon(namespace=namespace, daemon=files.daemon, silent=True, after=())
                elif config is not None:
                    yield FrrDaemon(
                        namespace=namespace,
                        daemon=files.daemon,
                        config=config,
                        after=(),
                        orphan=is_orphan(files, zebra=zebra),
                        reset=tuple(self._lost(namespace, files.daemon, config)),
                    )

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Delete, start and change daemons, all of a sort at once."""
        outcome: dict[Key, NlanError | None] = {}
        ended = [o for o in operations if o.action in ("delete", "replace")]
        self._forget([o.key for o in ended if o.action == "delete"])
        outcome.update(self._end([o.key for o in ended]))
        fresh = [o for o in operations if o.action in ("create", "replace") and outcome.get(o.key) is None]
        changed = [o for o in operations if o.action == "update"]
        for operation in fresh:
            if self._runs(operation):
                changed.append(operation)
        started = [o for o in fresh if o not in changed]
        dialer = bgp_fast_start.Dialer(self._nodes)
        fresh_ones = [o.desired for o in started if isinstance(o.desired, FrrDaemon)]
        outcome.update(self._start(fresh_ones, dialer))
        for operation in changed:
            outcome[operation.key] = self._update(operation)
            if isinstance(operation.desired, FrrDaemon) and outcome[operation.key] is None:
                _note(dialer, operation.desired, self._files(operation.key))
        sound = [o for o in changed if outcome[o.key] is None]
        self._open_adjacencies((), [(self._files(o.key), new) for o in sound if (new := _new_interfaces(o))])
        dialer.rest()
        return [outcome.get(operation.key) for operation in operations]

    def log_path(self, namespace: str, daemon: str) -> pathlib.Path:
        """Return the log that grows when a session changes or somebody types a command.

        `nlan.engines.frr.run.parse_log` reads its lines.
        """
        return Files(self._nodes.directory(namespace), daemon).log

    def pid_path(self, namespace: str, daemon: str) -> pathlib.Path:
        """Return the file with the daemon's process id."""
        return Files(self._nodes.directory(namespace), daemon).pid

    def heal(self, namespaces: Sequence[str]) -> None:
        """Help what waits in vain: BGP sessions without a next hop, OSPF's wait for an election."""
        joining = []
        for files in (f for n in namespaces for f in self._started(n)):
            namespace, receipt = files.directory.name, Receipt.read(files)
            if receipt is None:
                continue
            for peer in self._lost(namespace, files.daemon, receipt.asked):
                with suppress(NotFoundError, PeerError):  # one that ends is looked at by nobody
                    self.command(namespace, files.daemon, f"clear bgp {peer}")
            if waiting := self._waiting(namespace, files.daemon, receipt.asked):
                joining.append((files, waiting))
        self._open_adjacencies((), joining)

    def _files(self, key: Key) -> Files:
        return Files(self._nodes.directory(key.namespace), key.name)

    def _started(self, namespace: str) -> Iterator[Files]:
        """Yield the daemons that nlan has started in a node and not ended."""
        directory = self._nodes.directory(namespace)
        for receipt in sorted(directory.glob("receipt-*.json")):
            yield Files(directory, receipt.stem.removeprefix("receipt-"))

    def _runs(self, operation: Operation) -> bool:
        files = self._files(operation.key)
        return files.receipt.exists() and not is_orphan(files, zebra=True) and observed_of(files) is not None

    def _start(
        self, resources: Sequence[FrrDaemon], dialer: bgp_fast_start.Dialer
    ) -> dict[Key, NlanError | None]:
        ended = self._end([r.key for r in resources if self._nodes.directory(r.namespace).exists()])
        barred = self._make_directories({resource.namespace for resource in resources})
        outcome: dict[Key, NlanError | None] = {}
        for resource in resources:
            if (why := ended.get(resource.key) or barred.get(resource.namespace)) is not None:
                outcome[resource.key] = _translated(resource.key, why, "start")
        starts = [Start(r, self._files(r.key)) for r in resources if r.key not in outcome]
        self._silent -= {(start.resource.namespace, start.resource.daemon) for start in starts}
        if starts:
            start_all(self._nodes, starts, lambda start: _note(dialer, start.resource, start.files))
            self._open_adjacencies(starts)
        return outcome | {start.resource.key: start.error or self._settle(start) for start in starts}

    def _make_directories(self, namespaces: Iterable[str]) -> dict[str, OSError]:
        """Make the nodes' directories; return why not, for each where that fails."""
        failures = {}
        for namespace in namespaces:
            try:
                self._nodes.make_directory(namespace)
            except OSError as failure:
                failures[namespace] = failure
        return failures

    def _open_adjacencies(
        self, starts: Sequence[Start], joining: Sequence[tuple[Files, Sequence[str]]] = ()
    ) -> None:
        """Make OSPF daemons that were started, or got interfaces, find their neighbours at once."""
        fresh = [
            (s.files, s.config) for s in starts if s.error is None and s.files.daemon in ospf_fast_start.WORDS
        ]
        if fresh or joining:
            started = {files for files, _ in fresh}
            running = (f for n in self._nodes.namespaces() if has_daemons(n) for f in self._started(n))
            older = [f for f in running if f.daemon in ospf_fast_start.WORDS and f not in started]
            others = [(f, r.asked) for f in older if (r := Receipt.read(f)) is not None]
            ospf_fast_start.open_adjacencies(fresh, others, joining)

    def _settle(self, start: Start) -> NlanError | None:
        """Bring a manager that ran before up to date, and write the receipt."""
        daemon, files, running = start.resource, start.files, start.running or ()
        refused: Mapping[Path, str] = {}
        try:
            if files.daemon in ospf_fast_start.WORDS or files.config_vty != files.vty:
                running = load.show(files)
            if files.config_vty != files.vty:
                change = compare(start.config, running)
                if change.added or change.removed:
                    running, refused = load.change_config(
                        files, daemon.namespace, change, start.config, start.written
                    )
            elif start.refused:
                refused = load.try_again(files, daemon.namespace, list(start.refused))
                running = load.show(files)
            self._receive(daemon, files, running, refused)
        except (NlanError, OSError) as error:
            return _translated(daemon.key, error)
        return None

    def _update(self, operation: Operation) -> NlanError | None:
        desired, files = operation.desired, self._files(operation.key)
        assert isinstance(desired, FrrDaemon)
        wanted = desired.config
        if wanted is None:
            return None
        try:
            observed = observed_of(files)
            if observed is None:
                return self._start([desired], bgp_fast_start.Dialer(self._nodes))[operation.key]
            done = self._changed(desired, files, observed)
            if done is None:
                self.refusals.append(started_again(desired.namespace, desired.daemon))
                return self._start([desired], bgp_fast_start.Dialer(self._nodes))[operation.key]
            files.write_config(wanted, written=bool(desired.written))
            self._receive(desired, files, *done)
            self._reset(operation)
        except (NlanError, OSError) as error:
            return _translated(operation.key, error)
        return None

    def _changed(self, desired: FrrDaemon, files: Files, observed: Sequence[str]) -> load.Changed | None:
        """Change a daemon's configuration in place; None where it has to be started again for it.

        What a user wrote is changed towards what the daemon would show afresh: nlan does not know all
        that FRR makes of it.
        """
        wanted, written = desired.config or (), dict(desired.written or ())
        target = afresh.shown(self._nodes, desired.namespace, files, wanted) if written else None
        if target is not None:
            done = load.become(files, desired.namespace, target, written)
            if done is not None or files.configured_by not in (MANAGER, "zebra"):
                return done
        change = compare(wanted, observed)
        return load.change_config(files, desired.namespace, change, wanted, written)

    def _receive(
        self, daemon: FrrDaemon, files: Files, shown: Sequence[str], refused: Mapping[Path, str]
    ) -> None:
        """Write the receipt, and note what FRR did not take of what a user wrote.

        Raises:
            ApplyError: Something, where that is an error.
        """
        asked = daemon.config or ()
        if refused and self.is_strict:
            Receipt(lines(path for path in paths(asked) if path not in refused), tuple(shown)).write(files)
            reason = "; ".join(f"{' / '.join(path)}: {words}" for path, words in refused.items())
            raise ApplyError(daemon.namespace, f"configure {daemon.daemon}", reason)
        Receipt(asked, tuple(shown)).write(files)
        at = dict(daemon.written or ())
        name, namespace = daemon.daemon, daemon.namespace
        self.refusals += [Refusal(namespace, name, p, at.get(p, 0), w) for p, w in refused.items()]

    def _reset(self, operation: Operation) -> None:
        """Open the sessions again that need it, once zebra has told of the interfaces below."""
        ends = (operation.desired, operation.observed)
        peers = dict.fromkeys(peer for end in ends if isinstance(end, FrrDaemon) for peer in end.reset)
        if peers:
            workqueue.await_empty([self._files(operation.key._replace(name="zebra")).vty])
        for peer in peers:
            with suppress(ApplyError):  # a peer that the change has removed
                self.command(operation.key.namespace, operation.key.name, f"clear bgp {peer}")

    def _forget(self, daemons: Sequence[Key]) -> None:
        """Take what the daemons are configured with from a manager that runs on; it would show it still."""
        for key in daemons:
            files = self._files(key)
            if files.config_vty == files.vty or key._replace(name=MANAGER) in daemons:
                continue
            with suppress(NlanError, OSError):  # a dead one has forgotten it all
                load.change_config(files, key.namespace, compare((), load.show(files)), ())

    def _end(self, daemons: Sequence[Key]) -> dict[Key, NlanError | None]:
        """End all at once; what is gone already has been ended."""
        if not daemons:
            return {}
        ending = processes.open_all(self._nodes, {key: self._files(key).log_targets for key in daemons})
        zebras = {key._replace(name="zebra") for key in ending.values()} - set(daemons)
        workqueue.await_empty(self._files(zebra).vty for zebra in zebras)
        left = processes.end(ending)
        return {key: self._clear(key) if key not in left else _endless(key) for key in daemons}

    def _clear(self, key: Key) -> NlanError | None:
        """Remove what an ended daemon leaves behind."""
        try:
            self._files(key).remove()
        except OSError as failure:
            return _translated(key, failure, "stop")
        return None


def _note(dialer: bgp_fast_start.Dialer, daemon: FrrDaemon, files: Files) -> None:
    """Tell the dialer of a daemon that speaks BGP."""
    if daemon.daemon == "bgpd":
        dialer.ready(daemon.namespace, files, daemon.config or ())


def _new_interfaces(operation: Operation) -> tuple[str, ...]:
    """Return the lines of the interfaces on which a change lets a daemon speak OSPF."""
    ends = (operation.desired, operation.observed)
    desired, observed = (end.config or () if isinstance(end, FrrDaemon) else () for end in ends)
    return ospf_fast_start.new_interfaces(operation.key.name, desired, observed) if operation.observed else ()


def _translated(key: Key, error: NlanError | OSError, verb: str = "configure") -> ApplyError:
    if isinstance(error, ApplyError):
        return error
    words = os_words(error) if isinstance(error, OSError) else str(error)
    return ApplyError(key.namespace, f"{verb} {key.name}", words)


def _endless(key: Key) -> ApplyError:
    return ApplyError(key.namespace, f"stop {key.name}", "it does not end, not even by SIGKILL")
