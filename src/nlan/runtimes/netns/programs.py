"""Programs in a lab's nodes: started, run to their end, seen, and ended with the node."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from nlan.errors import HostError
from nlan.paths import file_name
from nlan.runtimes.base import Completed
from nlan.runtimes.netns import launch, nodespace, pins, processes
from nlan.runtimes.netns.files import NodeFiles
from nlan.runtimes.netns.inventory import Inventory
from nlan.runtimes.netns.limits.cgroups import Cgroups


class Programs:
    """The processes of one lab."""

    def __init__(self, inventory: Inventory, files: NodeFiles, cgroups: Cgroups) -> None:
        """Start them in the namespaces of that inventory, with these files and in these cgroups."""
        self._inventory, self._files, self._cgroups = inventory, files, cgroups
        self._children: set[int] = set()

    def spawn(
        self, namespace: str, argv: Sequence[str], output: Path | None, env: Mapping[str, str] | None
    ) -> int:
        """Start a process that outlives the caller, see `nlan.runtimes.base.Nodes.spawn`."""
        source = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        sink = source
        try:
            if output is not None:
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
                sink = os.open(output, flags, 0o600)
            pid = self._start(namespace, argv, {0: source, 1: sink, 2: sink}, env, session=True)
            self._children.add(pid)
            return pid
        finally:
            for descriptor in {source, sink}:
                os.close(descriptor)

    def run(
        self,
        namespace: str,
        argv: Sequence[str],
        *,
        capture: bool,
        timeout_s: float | None,
        env: Mapping[str, str] | None,
        stop: int,
    ) -> Completed:
        """Run a program to its end, see `nlan.runtimes.base.Nodes.run`."""
        if not capture:
            pid = self._start(namespace, argv, {0: 0, 1: 1, 2: 2}, env, session=False)
            return launch.gather(pid, (), timeout_s)
        source = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        (out, out_end), (err, err_end) = os.pipe(), os.pipe()
        try:
            try:
                pid = self._start(namespace, argv, {0: source, 1: out_end, 2: err_end}, env, session=True)
            finally:
                for descriptor in (source, out_end, err_end):
                    os.close(descriptor)
            return launch.gather(pid, (out, err), timeout_s, stop)
        finally:
            os.close(out)
            os.close(err)

    def enter(self, namespace: str) -> None:
        """Move the calling process into all namespaces and the cgroup of the node."""
        spaces = self._spaces(namespace)
        self._cgroups.join(namespace, os.getpid())  # the node's own /sys shows no cgroups
        try:
            spaces.join()
            launch.restore_signals()
        except OSError as failure:
            raise HostError(f"{namespace}: cannot be entered: {failure.strerror}") from failure
        finally:
            spaces.close()

    def _start(
        self,
        namespace: str,
        argv: Sequence[str],
        files: Mapping[int, int],
        env: Mapping[str, str] | None,
        *,
        session: bool,
    ) -> int:
        spaces = self._spaces(namespace)
        try:
            before = functools.partial(self._cgroups.prepare, namespace)
            pid, placed = launch.start(spaces, argv, files=files, env=env, session=session, before=before)
        finally:
            spaces.close()
        if not placed:
            self._cgroups.join(namespace, pid)
        return pid

    def _spaces(self, namespace: str) -> launch.NodeSpaces:
        if self._inventory.inode(namespace) is None:
            raise HostError(f"{namespace}: its namespace does not exist")
        netns = self._inventory.netns_fd(namespace)
        try:
            return launch.NodeSpaces(netns, *nodespace.open_node(self._files, namespace, netns))
        except BaseException:
            os.close(netns)
            raise

    def all(self, namespaces: Sequence[str]) -> dict[str, dict[int, str]]:
        """Return the processes of many namespaces with one look at /proc, the caller left out."""
        by_inode = {inode: name for name in namespaces if (inode := self._inventory.inode(name)) is not None}
        found: dict[str, dict[int, str]] = {name: {} for name in namespaces}
        for pid, inode in processes.process_inodes().items():
            if inode in by_inode and pid != os.getpid() and (program := processes.program_name(pid)):
                found[by_inode[inode]][pid] = program
        return found

    def adopt(self) -> None:
        """Have every process that is in a node's mount namespace join the node's cgroups."""
        pins_of = {name: f"{self._files.stem(name)}.mnt" for name in self._inventory.namespaces()}
        device = self._inventory.device
        nodes = {os.stat(pin).st_ino: name for name, pin in pins_of.items() if pins.is_pin(pin, device)}
        members = {name: set(self._cgroups.processes(name)) for name in nodes.values()}
        for pid, inode in processes.process_inodes("mnt").items() if nodes else ():
            name = nodes.get(inode)
            if name is not None and pid not in members[name]:
                with contextlib.suppress(HostError):  # it would leave a cgroup that confines it: it stays
                    self._cgroups.join(name, pid)

    def end(self, namespaces: Sequence[str], term_s: float) -> None:
        """End what runs in namespaces, and what once was started in them (their cgroups).

        Raises:
            HostError: Some are still there.
        """
        inodes = {inode for name in namespaces if (inode := self._inventory.inode(name)) is not None}
        grouped = set(self._cgroups.namespaces())
        tracked = [name for name in namespaces if file_name(name) in grouped]

        def find() -> set[int]:
            inside = {pid for pid, inode in processes.process_inodes().items() if inode in inodes}
            return inside.union(*(self._cgroups.processes(name) for name in tracked))

        left = processes.end_processes(find, term_s)
        self._reap()
        if left:
            names_left = ", ".join(f"{pid} ({processes.program_name(pid)})" for pid in left)
            raise HostError(f"processes that do not end, not even by SIGKILL: {names_left}")

    def _reap(self) -> None:
        """Take the exit status of what this object started and what has ended, so that no zombie stays."""
        for pid in list(self._children):
            try:
                ended = os.waitpid(pid, os.WNOHANG)[0] == pid
            except ChildProcessError:
                ended = True
            if ended:
                self._children.discard(pid)
