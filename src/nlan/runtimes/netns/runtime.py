"""The default runtime: a node is a network, a mount and a UTS namespace and a cgroup, no image."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from nlan.errors import HostError, NlanError, NotOwnedError
from nlan.paths import Paths, file_name, namespace_name
from nlan.runtimes.base import Completed, Machine, NodeDirectory
from nlan.runtimes.netns import nodespace, pins, processes
from nlan.runtimes.netns.files import NodeFiles
from nlan.runtimes.netns.inventory import Inventory, names
from nlan.runtimes.netns.limits.cgroups import Cgroups
from nlan.runtimes.netns.machine import NetnsMachine
from nlan.runtimes.netns.making import Maker
from nlan.runtimes.netns.programs import Programs
from nlan.runtimes.netns.watch import PinWatch
from nlan.system import safefiles


class NetnsRuntime:
    """The nodes of a lab on this machine (`nlan.runtimes.base.Nodes`), and what the lab has of it."""

    def __init__(self, paths: Paths, lab: str, directories: Sequence[NodeDirectory] = ()) -> None:
        """Look at a lab, which need not exist; `directories` are what each node has of its own."""
        self.paths, self._lab = paths, lab
        self.machine: Machine = NetnsMachine(paths, directories)
        self._files = NodeFiles(paths, lab, directories)
        self.cgroups = Cgroups(paths.cgroup, lab, paths.lab(lab) / "cgroups")
        self._inventory = Inventory(paths, lab)
        self._maker = Maker(self._inventory, lab)
        self._programs = Programs(self._inventory, self._files, self.cgroups)

    @property
    def lab(self) -> str:
        """The lab's name."""
        return self._lab

    # What the lab has of the machine

    @property
    def hosts_file(self) -> Path:
        """The file that is /etc/hosts in every node."""
        return self._files.hosts

    @property
    def sysctls_file(self) -> Path:
        """Where the names of the sysctls are that nlan has set."""
        return self.paths.lab(self._lab) / "sysctls"

    def sysctl_defaults(self, names: Collection[str]) -> dict[str, str]:
        """Return the values of sysctls in a new namespace; without those that it lacks."""

        def read() -> dict[str, str]:
            found = {}
            for name in names:
                with contextlib.suppress(OSError):
                    found[name] = Path(f"/proc/sys/{name}").read_text(encoding="ascii").strip()
            return found

        return self.machine.scratch(read)

    def why_not(self) -> str | None:
        """Return why no node can be made on this machine, in a sentence; None if it can."""
        return self.machine.why_not()

    @contextlib.contextmanager
    def lock(
        self, *, on_wait: Callable[[str], None] | None = None, timeout_s: float = 600.0
    ) -> Iterator[None]:
        """Hold the lab's lock, see `nlan.runtimes.base.Machine.lock`.

        Where who held it last was killed, what that had just started joins its node's cgroup.
        """
        with self.machine.lock(self._lab, on_wait=on_wait, timeout_s=timeout_s) as killed:
            if killed:
                self._programs.adopt()
            yield

    # What there is

    def namespaces(self) -> list[str]:
        """Return the lab's namespaces that exist now, in natural order."""
        return self._inventory.namespaces()

    def create(self, namespaces: Sequence[str]) -> dict[str, NlanError]:
        """Make network namespaces with their loopback up, and return those that could not be made.

        One that exists is left as it is. What an earlier namespace of that name left behind
        (processes, mount namespace) is cleared away first.
        """
        pins.prepare_netns(self.paths)
        (self._directory / "ns").mkdir(mode=0o755, parents=True, exist_ok=True)
        absent = [name for name in namespaces if self._inventory.inode(name) is None]
        self._clear_leftovers(absent)
        return self._maker.make(absent)

    def _clear_leftovers(self, namespaces: Sequence[str]) -> None:
        known = {*names(self._directory / "nodes"), *self.cgroups.namespaces()}
        stale = [name for name in namespaces if file_name(name) in known]
        if stale:
            self.delete(stale)

    def delete(
        self, namespaces: Sequence[str], term_s: float = processes.TERM_SECONDS
    ) -> dict[str, NlanError]:
        """End what runs in the namespaces, let go of them with all they hold, and return failures.

        Absent ones are fine; one of that name that nlan did not make is a failure.
        """
        owned = [name for name in namespaces if self._inventory.inode(name) is not None]
        self._programs.end(namespaces, term_s)
        known = {*names(self._directory / "ns"), *names(self._directory / "nodes")}
        known |= set(self.cgroups.namespaces())
        for name in namespaces:
            if file_name(name) in known or f"{file_name(name)}.mnt" in known or name[0] == "@":
                if name in owned:
                    self._give_up_connections(name)
                self._forget_node(name)
        for name in owned:  # the kernel takes them down faster when they go together: at the end
            self._inventory.unpin(name)
        return self._foreign(set(namespaces) - set(owned))

    def _give_up_connections(self, namespace: str) -> None:
        """Have the kernel end soon what connections of ended processes wait for.

        One whose other end is out of reach by now waits up to two minutes for the answer to its last
        packet, and holds the namespace with all its links as long.
        """
        with contextlib.suppress(HostError, OSError), self.inside(namespace):
            Path("/proc/sys/net/ipv4/tcp_orphan_retries").write_text("1", encoding="ascii")

    def _forget_node(self, namespace: str) -> None:
        nodespace.unpin_node(self._files, namespace)
        self.cgroups.remove(namespace)
        safefiles.remove(self.directory(namespace), pins.unmount)

    def _foreign(self, namespaces: set[str]) -> dict[str, NlanError]:
        return {
            name: NotOwnedError(
                f"{name}: {self.paths.pin(self._lab, name)} is a namespace that nlan did not make; it stays"
            )
            for name in sorted(namespaces)
            if self._inventory.is_foreign(name)
        }

    def cleanup(self, term_s: float = processes.TERM_SECONDS) -> None:
        """Remove all of the lab: processes, namespaces, mounts, cgroups, files; call it with the lock held.

        The lock file and its directory go when the lock is released.

        Raises:
            HostError: Processes survived even SIGKILL; everything else is removed.
        """
        failure: HostError | None = None
        try:
            self.delete(sorted({*self.namespaces(), *map(namespace_name, self.cgroups.namespaces())}), term_s)
        except HostError as survived:
            failure = survived
        for name in names(self._directory / "ns"):
            pins.unpin(self._directory / "ns" / name)
        self._maker.remove_empty_pins()
        self.cgroups.remove_lab()
        for name in names(self._directory):
            if name != "lock":
                safefiles.remove(self._directory / name, pins.unmount)
        if failure is not None:
            raise failure

    def watch(self) -> PinWatch:
        """Say from now on which namespaces come and go; whoever asks closes it."""
        return PinWatch(self.paths, self._lab)

    # Sockets

    def netns_fd(self, namespace: str) -> int:
        """Return a new descriptor of the network namespace; the caller closes it."""
        return self._inventory.netns_fd(namespace)

    def inside(self, namespace: str) -> AbstractContextManager[None]:
        """Move the calling thread into the network namespace for the length of the block."""
        return self._inventory.inside(namespace)

    def open_socket(self, namespace: str, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """Return a socket that lives in that namespace whichever thread uses it."""
        return self.open_sockets(namespace, [(family, kind, protocol)])[0]

    def open_sockets(self, namespace: str, kinds: Sequence[tuple[int, int, int]]) -> list[socket.socket]:
        """Return sockets that live in that namespace, as `open_socket` does one."""
        return self._inventory.open_sockets(namespace, kinds)

    # Files

    @property
    def _directory(self) -> Path:
        return self.paths.lab(self._lab)

    def directory(self, namespace: str) -> Path:
        """Return the path of the node's own run directory; looking makes nothing."""
        return self._files.path(namespace)

    def make_directory(self, namespace: str) -> Path:
        """Return the node's own run directory, made on first use."""
        return self._files.make(namespace)

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
        return self._programs.spawn(namespace, argv, output, env)

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
        return self._programs.run(namespace, argv, capture=capture, timeout_s=timeout_s, env=env, stop=stop)

    def enter(self, namespace: str) -> None:
        """Move the calling process into all namespaces and the cgroup of the node; for `os.execvp`.

        Raises:
            HostError: The namespace does not exist, or the kernel refuses.
        """
        self._programs.enter(namespace)

    def processes(self, namespace: str) -> dict[int, str]:
        """Return process ids and program names of all that runs in the node, the caller left out."""
        return self.all_processes([namespace])[namespace]

    def all_processes(self, namespaces: Sequence[str]) -> dict[str, dict[int, str]]:
        """Return the processes of many namespaces with one look at /proc."""
        return self._programs.all(namespaces)


def labs(paths: Paths) -> list[str]:
    """Return the names of all labs on this machine, by what exists of them, in natural order."""
    return NetnsMachine(paths).labs()
