"""FRR: daemons and their configuration, observed and changed over their own sockets."""

from __future__ import annotations

import pathlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from nlan import processes
from nlan.engines.base import BgpSession, OspfNeighbor
from nlan.engines.frr.config.nexthops import carrying_ipv6
from nlan.engines.frr.config.tree import Path, compare, lines, paths
from nlan.engines.frr.programs import MANAGER
from nlan.engines.frr.resource import FrrDaemon
from nlan.engines.frr.run import afresh, bgp_fast_start, externals, load, ospf_fast_start, workqueue
from nlan.engines.frr.run.files import Files, Receipt, observed_config
from nlan.engines.frr.run.orphans import is_orphan
from nlan.engines.frr.run.refusals import Refusal, started_again
from nlan.engines.frr.run.sessions import (
    decode,
    decode_list,
    parse_bfd,
    parse_bgp,
    parse_isis,
    parse_ospf,
    parse_ospf6,
    without_next_hop,
)
from nlan.engines.frr.run.start import Start, start_all
from nlan.engines.frr.run.vty import SilentError, Vty
from nlan.errors import ApplyError, NlanError, NotFoundError, PeerError, os_words
from nlan.plan import Operation
from nlan.resources import FABRIC, Key
from nlan.runtimes.base import Nodes

T = TypeVar("T")
_Config = tuple[str, ...] | PeerError | None
"""What a daemon has for a configuration; why it does not answer; None where it does not run."""

FIRST_S = 0.2
"""How long each daemon may take to answer before the next one is asked."""
SIDE_BY_SIDE = 64
"""So many daemons that are slow to answer are waited for at once."""

_NO_ANSWER = (NotFoundError, PeerError, AttributeError, KeyError, TypeError)
"""What comes of asking a daemon that ends, hangs or speaks otherwise than FRR."""

_NEIGHBORS: dict[str, tuple[Callable[[str], Iterable[tuple[str, Any]]], str, str]] = {
    "IS-IS": (parse_isis, "isisd", "show isis neighbor"),
    "BFD": (lambda text: parse_bfd(decode_list(text)), "bfdd", "show bfd peers json"),
}
"""By protocol: who reads the answer, which daemon is asked, and what."""


class FrrDriver:
    """Serves `FrrDaemon`. What is not in a node's run directory does not exist for it.

    Attributes:
        is_strict: Whether a line that a user wrote and FRR refuses is an error, as one of nlan's is.
        refusals: Such lines of all operations so far, where it is none.
        patience_s: How long a daemon may take until it counts as one that does not answer; None for as
            long as one that is replaced for it.
    """

    kinds = ("frr",)

    def __init__(self, place: Nodes) -> None:
        """Work in that place."""
        self._place = place
        self.is_strict = False
        self.refusals: list[Refusal] = []
        self.patience_s: float | None = None
        self._silent: set[tuple[str, str]] = set()  # node and daemon: did not answer, and not started since

    def observe(self, namespaces: Sequence[str]) -> Iterable[FrrDaemon]:
        """Return the daemons that run; a dead one is not there."""
        answers = self._asked(list(filter(_has_daemons, namespaces)))
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

    def _asked(self, namespaces: Iterable[str]) -> dict[str, dict[Files, _Config]]:
        """Return what the nodes' daemons have; those that are slow to answer are waited for together."""
        found = {name: {f: _asked(f, FIRST_S) for f in self._started(name)} for name in namespaces}
        slow = [
            f for those in found.values() for f, config in those.items() if isinstance(config, SilentError)
        ]
        if slow:
            from concurrent.futures import ThreadPoolExecutor  # needed by hardly any run

            with ThreadPoolExecutor(min(len(slow), SIDE_BY_SIDE)) as pool:
                for files, config in zip(
                    slow, pool.map(lambda f: _asked(f, self.patience_s), slow), strict=True
                ):
                    found[files.directory.name][files] = config
        return found

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
        dialer = bgp_fast_start.Dialer(self._place)
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
        return Files(self._place.directory(namespace), daemon).log

    def pid_path(self, namespace: str, daemon: str) -> pathlib.Path:
        """Return the file with the daemon's process id."""
        return Files(self._place.directory(namespace), daemon).pid

    def command(self, namespace: str, daemon: str, line: str) -> str:
        """Return the daemon's answer to one command of enable mode, such as ``show ip route``.

        Raises:
            NotFoundError: The daemon does not run there.
            PeerError: It does not answer.
            ApplyError: It refuses.
        """
        files = Files(self._place.directory(namespace), daemon)
        try:
            with Vty(files.vty) as vty:
                answer = vty.together(["enable", line])[1]
        except OSError as error:
            raise NotFoundError(f"{namespace}: {daemon} does not run: {error.strerror}") from error
        if answer.failed:
            raise ApplyError(namespace, f"{daemon}: {line}", answer.words)
        return answer.text

    def sessions(self, namespace: str) -> list[BgpSession]:
        """Return the BGP peers of a node, none where no bgpd runs."""
        return self._told(parse_bgp, namespace, "bgpd", "show bgp summary json")

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

    def _waiting(self, namespace: str, daemon: str, config: Sequence[str]) -> tuple[str, ...]:
        """Return the lines of interfaces on which an OSPF daemon waits before an election."""
        if daemon not in ospf_fast_start.WORDS:
            return ()
        line = f"show {ospf_fast_start.WORDS[daemon]} interface json"
        names = {f"interface {name}" for name in self._told(ospf_fast_start.waiting, namespace, daemon, line)}
        return lines(path for path in paths(config) if path[0] in names)

    def is_computing(self, namespace: str) -> bool:
        """Tell whether an OSPF daemon of a node is about to compute its routes anew."""
        two = self._answer(namespace, "ospfd", "show ip ospf json")
        three = self._answer(namespace, "ospf6d", "show ipv6 ospf6 json")
        if "spfTimerDueInMsecs" in two or "spfTimerDueInMsecs" in three:
            return True
        return externals.may_be_late(two) and not self._has_current_externals(namespace)

    def _has_current_externals(self, namespace: str) -> bool:
        questions = ("show ip ospf route json", "show ip ospf database external json")
        try:
            return externals.are_current(*(self._answer(namespace, "ospfd", q) for q in questions))
        except _NO_ANSWER:  # told otherwise than FRR tells it: no reason to wait
            return True

    def ospf_neighbors(self, namespace: str) -> list[OspfNeighbor]:
        """Return the OSPF neighbours of a node, of both versions."""
        two = self._told(parse_ospf, namespace, "ospfd", "show ip ospf neighbor json")
        three = self._told(parse_ospf6, namespace, "ospf6d", "show ipv6 ospf6 neighbor json")
        return [*two, *three]

    def neighbors_up(self, namespace: str, protocol: str) -> Mapping[str, int]:
        """Return how many neighbours are up: of ``IS-IS`` by the node's interfaces, of ``BFD`` by address."""
        parse, daemon, line = _NEIGHBORS[protocol]
        if (namespace, daemon) in self._silent:
            return {}
        try:
            found = set(parse(self.command(namespace, daemon, line)))
        except _NO_ANSWER:
            return {}
        return Counter(where for where, _ in found)

    def _lost(self, namespace: str, daemon: str, config: Sequence[str]) -> Iterator[str]:
        """Yield the peers of a bgpd whose session has to be opened again."""
        if daemon == "bgpd" and any(carrying_ipv6(config)):
            yield from self._told(without_next_hop, namespace, "bgpd", "show bgp ipv6 neighbors json")

    def _told(
        self, parse: Callable[[dict[str, Any]], Iterable[T]], namespace: str, daemon: str, line: str
    ) -> list[T]:
        """Return what a daemon tells; one that ends, hangs or speaks otherwise than FRR has no sessions."""
        if (namespace, daemon) in self._silent:
            return []
        try:
            return list(parse(decode(self.command(namespace, daemon, line))))
        except _NO_ANSWER:
            return []

    def _answer(self, namespace: str, daemon: str, line: str) -> dict[str, Any]:
        """Return what a daemon answers; one that ends, hangs or does not run says nothing."""
        try:
            return decode(self.command(namespace, daemon, line))
        except _NO_ANSWER:
            return {}

    def _files(self, key: Key) -> Files:
        return Files(self._place.directory(key.namespace), key.name)

    def _started(self, namespace: str) -> Iterator[Files]:
        """Yield the daemons that nlan has started in a node and not ended."""
        directory = self._place.directory(namespace)
        for receipt in sorted(directory.glob("receipt-*.json")):
            yield Files(directory, receipt.stem.removeprefix("receipt-"))

    def _runs(self, operation: Operation) -> bool:
        files = self._files(operation.key)
        return files.receipt.exists() and not is_orphan(files, zebra=True) and _observed(files) is not None

    def _start(
        self, resources: Sequence[FrrDaemon], dialer: bgp_fast_start.Dialer
    ) -> dict[Key, NlanError | None]:
        ended = self._end([r.key for r in resources if self._place.directory(r.namespace).exists()])
        barred = self._make_directories({resource.namespace for resource in resources})
        outcome: dict[Key, NlanError | None] = {}
        for resource in resources:
            if (why := ended.get(resource.key) or barred.get(resource.namespace)) is not None:
                outcome[resource.key] = _translated(resource.key, why, "start")
        starts = [Start(r, self._files(r.key)) for r in resources if r.key not in outcome]
        self._silent -= {(start.resource.namespace, start.resource.daemon) for start in starts}
        if starts:
            start_all(self._place, starts, lambda start: _note(dialer, start.resource, start.files))
            self._open_adjacencies(starts)
        return outcome | {start.resource.key: start.error or self._settle(start) for start in starts}

    def _make_directories(self, namespaces: Iterable[str]) -> dict[str, OSError]:
        """Make the nodes' directories; return why not, for each where that fails."""
        failures = {}
        for namespace in namespaces:
            try:
                self._place.make_directory(namespace)
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
            running = (f for n in self._place.namespaces() if _has_daemons(n) for f in self._started(n))
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
            observed = _observed(files)
            if observed is None:
                return self._start([desired], bgp_fast_start.Dialer(self._place))[operation.key]
            done = self._changed(desired, files, observed)
            if done is None:
                self.refusals.append(started_again(desired.namespace, desired.daemon))
                return self._start([desired], bgp_fast_start.Dialer(self._place))[operation.key]
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
        target = afresh.shown(self._place, desired.namespace, files, wanted) if written else None
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
        ending = processes.open_all(self._place, {key: self._files(key).log_targets for key in daemons})
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


def _has_daemons(namespace: str) -> bool:
    """Tell nodes from hosts and the fabric."""
    return "/" not in namespace and namespace != FABRIC


def _observed(files: Files) -> tuple[str, ...] | None:
    """Return what a running daemon has for a configuration; None where it does not run, or in vain."""
    config = _asked(files)
    return None if isinstance(config, PeerError) else config


def _asked(files: Files, patience_s: float | None = None) -> _Config:
    """Return what a daemon has for a configuration, None where it does not run; why it does not answer.

    One without its file of the process id counts as one that does not answer: nobody finds it by that
    any more, as FRR's own tools do.
    After a crash between start and receipt, what it was started with counts as asked, and what it
    shows now is kept for the next time. What its manager shows counts as it is: that may not have been
    told yet.
    """
    receipt = Receipt.read(files)
    asked = {files.pid, files._replace(daemon=files.configured_by).pid}
    if any(map(processes.is_stopped, asked)):
        return PeerError(f"{files.daemon} stands still")
    try:
        if files.config_vty != files.vty:
            Vty(files.vty).close()
        running = load.show(files, patience_s)
    except PeerError as silent:
        return silent
    except OSError:
        return None
    if not files.pid.exists():
        return PeerError(f"{files.daemon} has lost the file with its process id")
    if receipt is not None and receipt.shown is None and files.config_vty == files.vty:
        provisional = paths(ospf_fast_start.start_lines(files.daemon, receipt.asked)).keys() - paths(
            receipt.asked
        )
        receipt = Receipt(receipt.asked, lines(path for path in paths(running) if path not in provisional))
        receipt.write(files)
    return running if receipt is None or receipt.shown is None else observed_config(receipt, running)


def _translated(key: Key, error: NlanError | OSError, verb: str = "configure") -> ApplyError:
    if isinstance(error, ApplyError):
        return error
    words = os_words(error) if isinstance(error, OSError) else str(error)
    return ApplyError(key.namespace, f"{verb} {key.name}", words)


def _endless(key: Key) -> ApplyError:
    return ApplyError(key.namespace, f"stop {key.name}", "it does not end, not even by SIGKILL")
