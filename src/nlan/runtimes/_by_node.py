"""The nodes of a lab, each by the runtime that it has: every call goes on to that of the namespace it names.

The fabric, the lab's lock and what all nodes share are the default runtime's; a host behind a node is its
node's. Which node has another one is written down (`nlan.runtimes._placement`) and read again whenever
somebody asks what there is, so that a `keep` sees what another nlan does. Where all nodes have the default
runtime, no other is imported.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from nlan.errors import HostError, NlanError
from nlan.runtimes import _placement
from nlan.runtimes._placement import Placement
from nlan.runtimes.base import Completed, Limits, Machine, NodeEvent, Nodes, NodeWatch

Open = Callable[[str], Nodes]
"""Returns the lab's nodes of the runtime of that name, or raises a `HostError` where it is not installed."""


class NodesByRuntime:
    """See `nlan.runtimes.base.Nodes`."""

    def __init__(
        self, nodes: Nodes, placement: Placement, open_other: Open, *, default: str, is_usual: bool
    ) -> None:
        """Take the runtimes.

        Args:
            nodes: Those of the default one.
            placement: What is written of the others.
            open_other: Returns another's.
            default: The name of that of nodes which ask for none.
            is_usual: Whether that needs not be written down.
        """
        self.default, self._is_usual = default, is_usual
        self._nodes, self._open = nodes, open_other
        self._directory = nodes.machine.paths.lab(nodes.lab)
        self._others: dict[str, Nodes] = {}
        self._placement = placement

    # Which runtime a node has

    def runtime_of(self, namespace: str) -> str:
        """Return the name of the runtime that has a namespace, or would have it."""
        return self._placement.nodes.get(namespace.partition("/")[0], self.default)

    def of(self, namespace: str) -> Nodes:
        """Return the nodes of the runtime that has a namespace.

        Raises:
            HostError: It is not installed.
        """
        if not self._placement.nodes:
            return self._nodes
        return self.by_name(self.runtime_of(namespace))

    def by_name(self, runtime: str) -> Nodes:
        """Return the lab's nodes of a runtime, imported at the first call.

        Raises:
            HostError: It is not installed.
        """
        if runtime in ("", self.default):
            return self._nodes
        if runtime not in self._others:
            self._others[runtime] = self._open(runtime)
        return self._others[runtime]

    def place(self, runtimes: Mapping[str, str]) -> None:
        """Write down which runtimes shall make namespaces, empty for the default; the lock is held."""
        nodes = dict(self._placement.nodes)
        for namespace, runtime in runtimes.items():
            node = namespace.partition("/")[0]
            if runtime in ("", self.default):
                nodes.pop(node, None)
            else:
                nodes[node] = runtime
        self._write(nodes)

    def placed(self) -> Mapping[str, str]:
        """Return the runtimes of the nodes that have another than the default, as was read last."""
        return self._placement.nodes

    def refresh(self) -> None:
        """Read again which runtimes there are."""
        self._placement = _placement.read(self._directory)

    def _write(self, nodes: Mapping[str, str]) -> None:
        placement = Placement("" if self._is_usual else self.default, nodes)
        if placement != self._placement:
            self._directory.mkdir(mode=0o755, parents=True, exist_ok=True)
            _placement.write(self._directory, placement)
            self._placement = placement

    def _parted(self, namespaces: Iterable[str]) -> dict[str, list[str]]:
        """Return namespaces by their runtimes."""
        found: dict[str, list[str]] = {}
        for namespace in namespaces:
            found.setdefault(self.runtime_of(namespace), []).append(namespace)
        return found

    # What the lab has of its machine: the default's

    @property
    def lab(self) -> str:
        """The lab's name."""
        return self._nodes.lab

    @property
    def machine(self) -> Machine:
        """The machine that they are on."""
        return self._nodes.machine

    @property
    def hosts_file(self) -> Path:
        """The file that is /etc/hosts in every node."""
        return self._nodes.hosts_file

    @property
    def sysctls_file(self) -> Path:
        """Where the names of the sysctls are kept that nlan has set."""
        return self._nodes.sysctls_file

    @contextmanager
    def lock(
        self, *, on_wait: Callable[[str], None] | None = None, timeout_s: float = 600.0
    ) -> Iterator[None]:
        """Hold the lab's lock, see `nlan.runtimes.base.Nodes.lock`."""
        with self._nodes.lock(on_wait=on_wait, timeout_s=timeout_s):
            self.refresh()
            yield

    def why_not(self) -> str | None:
        """Return why the default runtime can make no node here; None if it can."""
        return self._nodes.why_not()

    def sysctl_defaults(self, names: Collection[str]) -> dict[str, str]:
        """Return the values that a new namespace has."""
        return self._nodes.sysctl_defaults(names)

    # What there is

    def namespaces(self) -> list[str]:
        """Return the lab's namespaces that exist now, in natural order."""
        self.refresh()
        if not self._placement.nodes:
            return self._nodes.namespaces()
        from nlan.values import natural

        found = {name for name in self._nodes.namespaces() if self.runtime_of(name) == self.default}
        for runtime in sorted(set(self._placement.nodes.values())):
            nodes = self.installed(runtime) or self._nodes  # what the kernel has of it, the default finds
            found |= {name for name in nodes.namespaces() if self.runtime_of(name) == runtime}
        return sorted(found, key=natural)

    def installed(self, runtime: str) -> Nodes | None:
        """Return the lab's nodes of a runtime, None where that is not installed."""
        try:
            return self.by_name(runtime)
        except HostError:
            return None

    def create(self, namespaces: Sequence[str]) -> Mapping[str, NlanError]:
        """Make namespaces, each by its runtime (`place`); return those that failed."""
        if not self._is_usual and self._placement.default != self.default:
            self._write(self._placement.nodes)
        failed: dict[str, NlanError] = {}
        for runtime, names in self._parted(namespaces).items():
            try:
                failed |= self.by_name(runtime).create(names)
            except HostError as missing:
                failed |= dict.fromkeys(names, missing)
        return failed

    def delete(self, namespaces: Sequence[str]) -> Mapping[str, NlanError]:
        """End what runs in namespaces and remove them, each by its runtime; return those that failed.

        What is left of the nodes of a runtime that is not installed any more, the default removes; that
        is said, since nobody knows whether it is all.
        """
        failed: dict[str, NlanError] = {}
        for runtime, names in self._parted(namespaces).items():
            nodes = self.installed(runtime)
            failed |= (nodes or self._nodes).delete(names)
            if nodes is None:
                words = f"the runtime {runtime} that made it is not installed: what that keeps may be left"
                failed |= {name: HostError(f"{name}: {words}") for name in names if name not in failed}
        left = {node: name for node, name in self._placement.nodes.items() if node not in namespaces}
        if left != self._placement.nodes:
            self._write(left)
        return failed

    def cleanup(self) -> None:
        """Remove all of the lab; call it with the lock held.

        Raises:
            HostError: Something that runs does not end; everything else is removed.
        """
        others = [name for name in self.namespaces() if self.runtime_of(name) != self.default]
        failed = self.delete(list(dict.fromkeys((*others, *self._placement.nodes)))) if others else {}
        self._nodes.cleanup()
        _placement.write(self._directory, _placement.NOWHERE)
        self.refresh()
        if failed:
            raise HostError("\n".join(map(str, failed.values())))

    def watch(self) -> NodeWatch:
        """Say from now on which namespaces come and go; whoever asks closes it."""
        return WatchByRuntime(self)

    # Sockets

    def open_socket(self, namespace: str, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """Return a socket that lives in that namespace whichever thread uses it."""
        return self.of(namespace).open_socket(namespace, family, kind, protocol)

    def open_sockets(self, namespace: str, kinds: Sequence[tuple[int, int, int]]) -> list[socket.socket]:
        """Return sockets likewise, all or none."""
        return self.of(namespace).open_sockets(namespace, kinds)

    def netns_fd(self, namespace: str) -> int:
        """Return a new file descriptor of the network namespace; the caller closes it."""
        return self.of(namespace).netns_fd(namespace)

    def inside(self, namespace: str) -> AbstractContextManager[None]:
        """Move the calling thread into the network namespace for the length of the block."""
        return self.of(namespace).inside(namespace)

    # Processes

    def spawn(
        self,
        namespace: str,
        argv: Sequence[str],
        *,
        output: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> int:
        """Start a process that outlives the caller, see `nlan.runtimes.base.Nodes.spawn`."""
        return self.of(namespace).spawn(namespace, argv, output=output, env=env)

    def run(
        self,
        namespace: str,
        argv: Sequence[str],
        *,
        capture: bool = True,
        timeout_s: float | None = None,
        env: Mapping[str, str] | None = None,
        stop: int = -1,
    ) -> Completed:
        """Run a program in the node to its end, see `nlan.runtimes.base.Nodes.run`."""
        nodes = self.of(namespace)
        return nodes.run(namespace, argv, capture=capture, timeout_s=timeout_s, env=env, stop=stop)

    def enter(self, namespace: str) -> None:
        """Move the calling process into the node for good; for `os.execvp`."""
        self.of(namespace).enter(namespace)

    def all_processes(self, namespaces: Sequence[str]) -> dict[str, dict[int, str]]:
        """Return the processes of many namespaces."""
        if not self._placement.nodes:
            return self._nodes.all_processes(namespaces)
        found: dict[str, dict[int, str]] = {}
        for runtime, names in self._parted(namespaces).items():
            found |= (self.installed(runtime) or self._nodes).all_processes(names)
        return {namespace: found[namespace] for namespace in namespaces}

    @property
    def cgroups(self) -> Limits:
        """The limits of the nodes."""
        return LimitsByRuntime(self) if self._placement.nodes else self._nodes.cgroups

    # Files

    def directory(self, namespace: str) -> Path:
        """Return the path of the node's own run directory."""
        return self.of(namespace).directory(namespace)

    def make_directory(self, namespace: str) -> Path:
        """Return the node's own run directory, made on first use."""
        return self.of(namespace).make_directory(namespace)


class LimitsByRuntime:
    """See `nlan.runtimes.base.Limits`."""

    def __init__(self, nodes: NodesByRuntime) -> None:
        """Take whose."""
        self._nodes = nodes

    def why_not(self, controller: str) -> str | None:
        """Return why the default runtime cannot limit it, None if it can."""
        return self._nodes.by_name("").cgroups.why_not(controller)

    def limits(self, namespace: str) -> dict[str, float]:
        """Return the limits that are set."""
        return self._nodes.of(namespace).cgroups.limits(namespace)

    def set_limits(self, namespace: str, limits: dict[str, float]) -> None:
        """Set limits; what is missing becomes unlimited."""
        self._nodes.of(namespace).cgroups.set_limits(namespace, limits)


class WatchByRuntime:
    """See `nlan.runtimes.base.NodeWatch`; what a runtime says of another's namespaces is left out."""

    def __init__(self, nodes: NodesByRuntime) -> None:
        """Watch the default's, and those of the runtimes that nodes have."""
        self._nodes = nodes
        self._epoll = select.epoll()
        self._watches: dict[str, NodeWatch] = {}
        self.sync()

    def fileno(self) -> int:
        """Return a descriptor that is readable when there is something to be read."""
        return self._epoll.fileno()

    def sync(self) -> None:
        """Watch what could not be watched yet, such as a runtime that nodes have come to have."""
        self._nodes.refresh()
        for runtime in sorted({self._nodes.default, *self._nodes.placed().values()} - self._watches.keys()):
            if (nodes := self._nodes.installed(runtime)) is not None:
                watch = self._watches[runtime] = nodes.watch()
                self._epoll.register(watch.fileno(), select.EPOLLIN)
        for watch in self._watches.values():
            watch.sync()

    def follow(self, namespace: str, pid: int, program: str) -> None:
        """Say when that process ends."""
        runtime = self._nodes.runtime_of(namespace)
        self._watches.get(runtime, self._watches[self._nodes.default]).follow(namespace, pid, program)

    def read(self) -> list[NodeEvent]:
        """Return what happened since the last call; does not block."""
        found: list[NodeEvent] = []
        for runtime, watch in self._watches.items():
            found += (
                e for e in watch.read() if not e.namespace or self._nodes.runtime_of(e.namespace) == runtime
            )
        return found

    def _is_its_own(self, event: NodeEvent, runtime: str) -> bool:
        return not event.namespace or self._nodes.runtime_of(event.namespace) == runtime

    def close(self) -> None:
        """Watch no more."""
        for watch in self._watches.values():
            watch.close()
        self._epoll.close()
