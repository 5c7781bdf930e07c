"""The default runtime: a node is a network, a mount and a UTS namespace and a cgroup, no image.

A network namespace is made on a worker thread, marked from inside, and only then pinned: a pin that
bears the mark is nlan's, whatever files say. What a pin file without a namespace stands for is
nothing. So a lab can be listed and removed with neither its file nor its database, and `kill -9` at
any point leaves what the next run completes or removes.
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from nlan import safefiles
from nlan.errors import ApplyError, HostError, NlanError, NotOwnedError
from nlan.runtimes.netns import launch, lock, mark, nodespace, pins, probe, processes, syscalls
from nlan.runtimes.netns.cgroups import Cgroups
from nlan.runtimes.netns.paths import Paths, file_name, namespace_name
from nlan.runtimes.netns.threads import in_thread, run_all
from nlan.values import natural

_SELF_NET = "/proc/thread-self/ns/net"
_JOURNAL = "pins"


class _Pinning(Protocol):
    """What binds a namespace file to a path: `nlan.runtimes.netns.pins` or its `PinFiles`."""

    def pin(self, source: str, path: Path | str) -> None:
        """Bind `source` to `path`, made if it is not there."""


class NetnsRuntime:
    """A lab on this machine, as root (or as root of a user namespace); a `nlan.place.Place`."""

    def __init__(self, paths: Paths, lab: str) -> None:
        """Look at a lab, which need not exist."""
        self.paths, self._lab = paths, lab
        self.cgroups = Cgroups(paths.cgroup, lab, paths.lab(lab) / "cgroups")
        self._device = pins.namespace_device()
        self._owned: dict[str, int] = {}
        self._children: set[int] = set()

    @property
    def lab(self) -> str:
        """The lab's name."""
        return self._lab

    @property
    def hosts_file(self) -> Path:
        """The file that is /etc/hosts in every node."""
        return nodespace.hosts_path(self.paths, self._lab)

    @property
    def sysctls_file(self) -> Path:
        """Where the names of the switches are that nlan has set."""
        return self.paths.lab(self._lab) / "sysctls"

    def sysctl_defaults(self, names: Collection[str]) -> dict[str, str]:
        """Return the values of switches in a new namespace, which ends with the call."""

        def look() -> dict[str, str]:
            syscalls.unshare(syscalls.CLONE_NEWNET)
            found = {}
            for name in names:
                with contextlib.suppress(OSError):
                    found[name] = Path(f"/proc/sys/{name}").read_text(encoding="ascii").strip()
            return found

        return in_thread(look)

    @contextlib.contextmanager
    def lock(
        self, *, on_wait: Callable[[str], None] | None = None, timeout_s: float = 600.0
    ) -> Iterator[None]:
        """Hold the lab's lock, see `nlan.runtimes.netns.lock.lab_lock`.

        Where who held it last was killed, what that had just started joins its node's cgroup.
        """
        with lock.lab_lock(self.paths, self._lab, on_wait=on_wait, timeout_s=timeout_s) as killed:
            if killed:
                self._adopt()
            yield

    def _adopt(self) -> None:
        """Have every process that is in a node's mount namespace join the node's cgroups."""
        pins_of = {
            name: f"{self.paths.lab(self._lab)}/ns/{file_name(name)}.mnt" for name in self.namespaces()
        }
        nodes = {os.stat(pin).st_ino: name for name, pin in pins_of.items() if pins.is_pin(pin, self._device)}
        members = {name: set(self.cgroups.processes(name)) for name in nodes.values()}
        for pid, inode in processes.process_inodes("mnt").items() if nodes else ():
            name = nodes.get(inode)
            if name is not None and pid not in members[name]:
                with contextlib.suppress(
                    HostError
                ):  # it would leave a cgroup that confines it: it stays there
                    self.cgroups.join(name, pid)

    def why_not(self) -> str | None:
        """Return why no node can be made on this machine, in a sentence; None if it can."""
        return probe.why_not_nodes()

    # What exists

    def namespaces(self) -> list[str]:
        """Return the lab's namespaces that exist now, in natural order."""
        return sorted((name for name in self._pinned() if self._is_owned(name)), key=natural)

    def _pinned(self) -> list[str]:
        prefix = f"{self._lab}."
        nodes = [namespace_name(n[len(prefix) :]) for n in _names(self.paths.netns) if n.startswith(prefix)]
        inner = [n for n in _names(self.paths.lab(self._lab) / "ns") if n.startswith("@") and "." not in n]
        return nodes + inner

    def _is_owned(self, namespace: str) -> bool:
        try:
            status = os.stat(self.paths.pin(self._lab, namespace))
        except FileNotFoundError:
            return False
        if status.st_dev != self._device:
            return False
        if self._owned.get(namespace) == status.st_ino:
            return True
        if self._read_mark(namespace) != mark.alias(self._lab, namespace):
            return False
        self._owned[namespace] = status.st_ino
        return True

    def _read_mark(self, namespace: str) -> str:
        try:
            with self.open_socket(
                namespace, socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE
            ) as asked:
                return mark.read_mark(asked)
        except HostError:
            return ""  # gone meanwhile

    # Network namespaces

    def create(self, namespaces: Sequence[str]) -> dict[str, NlanError]:
        """Make network namespaces with their loopback up, and return those that could not be made.

        One that exists is left as it is. What an earlier namespace of that name left behind
        (processes, mount namespace) is cleared away first.
        """
        pins.prepare_netns(self.paths)
        (self.paths.lab(self._lab) / "ns").mkdir(mode=0o755, parents=True, exist_ok=True)
        absent = [name for name in namespaces if not self._is_owned(name)]
        self._clear_leftovers(absent)
        self._note_pins(absent)
        return self._create_parallel(absent)

    def _create_parallel(self, namespaces: Sequence[str]) -> dict[str, NlanError]:
        """Share the work among two threads: most of it is the kernel's, without Python's lock."""
        halves = [half for half in (namespaces[::2], namespaces[1::2]) if half]
        results = run_all([functools.partial(self._create_all, half) for half in halves])
        return {name: failure for result in results for name, failure in result.items()}

    def _clear_leftovers(self, namespaces: Sequence[str]) -> None:
        known = set(_names(self.paths.lab(self._lab) / "nodes")) | set(self.cgroups.namespaces())
        stale = [name for name in namespaces if file_name(name) in known]
        if stale:
            self.delete(stale)

    def _note_pins(self, namespaces: Sequence[str]) -> None:
        names = "".join(f"{self.paths.pin(self._lab, name).name}\n" for name in namespaces if name[0] != "@")
        with open(self.paths.lab(self._lab) / _JOURNAL, "a", encoding="utf-8") as journal:
            journal.write(names)

    def _create_all(self, namespaces: Sequence[str]) -> dict[str, NlanError]:
        failures: dict[str, NlanError] = {}
        files = pins.PinFiles(self.paths.netns)
        for name in namespaces:
            try:
                self._create_one(name, files if name[0] != "@" else pins)
            except OSError as failure:
                failures[name] = ApplyError(name, f"create {name} namespace", str(failure))
            except NlanError as failure:
                failures[name] = failure
        files.close()
        return failures

    def _create_one(self, namespace: str, files: _Pinning) -> None:
        path = self.paths.pin(self._lab, namespace)
        if pins.is_pin(path, self._device):
            raise NotOwnedError(
                f"{namespace}: {path} is a namespace that nlan did not make; remove or rename it"
            )
        syscalls.unshare(syscalls.CLONE_NEWNET)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0) as channel:
            mark.write_mark(channel, mark.alias(self._lab, namespace))
        files.pin(_SELF_NET, path)
        self._owned[namespace] = os.stat(path).st_ino

    def delete(
        self, namespaces: Sequence[str], term_s: float = processes.TERM_SECONDS
    ) -> dict[str, NlanError]:
        """End what runs in the namespaces, let go of them with all they hold, and return failures.

        Absent ones are fine; one of that name that nlan did not make is a failure.
        """
        owned = [name for name in namespaces if self._is_owned(name)]
        self._end_processes(owned, namespaces, term_s)
        known = {*_names(self.paths.lab(self._lab) / "ns"), *_names(self.paths.lab(self._lab) / "nodes")}
        known |= set(self.cgroups.namespaces())
        for name in namespaces:
            if file_name(name) in known or f"{file_name(name)}.mnt" in known or name[0] == "@":
                if name in owned:
                    self._give_up_connections(name)
                self._forget_node(name)
        self._release(owned)
        return self._foreign(set(namespaces) - set(owned))

    def _give_up_connections(self, namespace: str) -> None:
        """Have the kernel end soon what connections of ended processes wait for.

        One whose other end is out of reach by now waits up to two minutes for the answer to its last
        packet, and holds the namespace with all its links as long.
        """
        with contextlib.suppress(HostError, OSError), self.inside(namespace):
            Path("/proc/sys/net/ipv4/tcp_orphan_retries").write_text("1", encoding="ascii")

    def _forget_node(self, namespace: str) -> None:
        nodespace.unpin_node(self.paths, self._lab, namespace)
        self.cgroups.remove(namespace)
        safefiles.remove(self.paths.node(self._lab, namespace), pins.unmount)

    def _release(self, namespaces: Sequence[str]) -> None:
        """Unpin; the kernel takes namespaces down faster when they go together, so keep them to the end."""
        for name in namespaces:
            pins.unpin(self.paths.pin(self._lab, name))
            self._owned.pop(name, None)

    def _foreign(self, namespaces: set[str]) -> dict[str, NlanError]:
        return {
            name: NotOwnedError(f"{name}: {path} is a namespace that nlan did not make; it stays")
            for name in sorted(namespaces)
            if pins.is_pin(path := self.paths.pin(self._lab, name), self._device)
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
        directory = self.paths.lab(self._lab)
        for name in _names(directory / "ns"):
            pins.unpin(directory / "ns" / name)
        self._remove_empty_pins()
        self.cgroups.remove_lab()
        for name in _names(directory):
            if name != "lock":
                safefiles.remove(directory / name, pins.unmount)
        if failure is not None:
            raise failure

    def _remove_empty_pins(self) -> None:
        """Remove pin files that were written down, but never bound (nlan was killed in between)."""
        try:
            journal = (self.paths.lab(self._lab) / _JOURNAL).read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        for name in set(journal.splitlines()):
            path = self.paths.netns / name
            if not pins.is_pin(path, self._device):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)

    # The inside of namespaces

    def netns_fd(self, namespace: str) -> int:
        """Return a new descriptor of the network namespace; the caller closes it."""
        try:
            return os.open(self.paths.pin(self._lab, namespace), os.O_RDONLY | os.O_CLOEXEC)
        except OSError as failure:
            raise HostError(f"{namespace}: its namespace cannot be opened: {failure.strerror}") from failure

    @contextlib.contextmanager
    def inside(self, namespace: str) -> Iterator[None]:
        """Move the calling thread into the network namespace for the length of the block."""
        back = os.open(_SELF_NET, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._enter_net(namespace)
            try:
                yield
            finally:
                syscalls.setns(back, syscalls.CLONE_NEWNET)
        finally:
            os.close(back)

    def _enter_net(self, namespace: str) -> None:
        descriptor = self.netns_fd(namespace)
        try:
            syscalls.setns(descriptor, syscalls.CLONE_NEWNET)
        except OSError as failure:
            raise HostError(f"{namespace}: its namespace does not exist") from failure
        finally:
            os.close(descriptor)

    def open_socket(self, namespace: str, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """Return a socket that lives in that namespace whichever thread uses it."""
        return self.open_sockets(namespace, [(family, kind, protocol)])[0]

    def open_sockets(self, namespace: str, kinds: Sequence[tuple[int, int, int]]) -> list[socket.socket]:
        """Return sockets that live in that namespace, as `open_socket` does one."""
        with self.inside(namespace):
            return [
                socket.socket(family, kind | socket.SOCK_CLOEXEC, number) for family, kind, number in kinds
            ]

    def directory(self, namespace: str) -> Path:
        """Return the path of the node's own run directory; looking makes nothing."""
        return self.paths.node(self._lab, namespace)

    def make_directory(self, namespace: str) -> Path:
        """Return the node's own run directory, made on first use."""
        return nodespace.node_directory(self.paths, self._lab, namespace)

    # Processes

    def spawn(
        self,
        namespace: str,
        argv: Sequence[str],
        *,
        output: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> int:
        """Start a process that outlives the caller, see `nlan.place.Place.spawn`."""
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
        capture: bool = True,
        timeout_s: float | None = None,
        env: Mapping[str, str] | None = None,
        stop: int = -1,
    ) -> launch.Completed:
        """Run a program in the node to its end; standard input is the caller's only without `capture`.

        With `capture` it is killed, with its group, once the descriptor `stop` is readable.

        Raises:
            HostError: The program cannot be started.
            TimeoutError: It ran longer than `timeout_s` seconds, and was killed.
        """
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
        """Move the calling process into all namespaces and the cgroup of the node; for `os.execvp`.

        Raises:
            HostError: The namespace does not exist, or the kernel refuses.
        """
        spaces = self._spaces(namespace)
        self.cgroups.join(namespace, os.getpid())  # the node's own /sys shows no cgroups
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
            before = functools.partial(self.cgroups.prepare, namespace)
            pid, placed = launch.start(spaces, argv, files=files, env=env, session=session, before=before)
        finally:
            spaces.close()
        if not placed:
            self.cgroups.join(namespace, pid)
        return pid

    def _spaces(self, namespace: str) -> launch.NodeSpaces:
        if not self._is_owned(namespace):
            raise HostError(f"{namespace}: its namespace does not exist")
        netns = self.netns_fd(namespace)
        try:
            return launch.NodeSpaces(netns, *nodespace.open_node(self.paths, self._lab, namespace, netns))
        except BaseException:
            os.close(netns)
            raise

    def processes(self, namespace: str) -> dict[int, str]:
        """Return process ids and program names of all that runs in the node, the caller left out."""
        return self.all_processes([namespace])[namespace]

    def all_processes(self, namespaces: Sequence[str]) -> dict[str, dict[int, str]]:
        """Return the processes of many namespaces with one look at /proc."""
        by_inode = {inode: name for name in namespaces if (inode := self._inode(name)) is not None}
        found: dict[str, dict[int, str]] = {name: {} for name in namespaces}
        for pid, inode in processes.process_inodes().items():
            if inode in by_inode and pid != os.getpid() and (program := processes.program_name(pid)):
                found[by_inode[inode]][pid] = program
        return found

    def _inode(self, namespace: str) -> int | None:
        return self._owned[namespace] if self._is_owned(namespace) else None

    def _end_processes(self, owned: Sequence[str], names: Sequence[str], term_s: float) -> None:
        """End what runs in the namespaces, and what once was started in them (their cgroups)."""
        inodes = {self._owned[name] for name in owned}
        grouped = set(self.cgroups.namespaces())
        tracked = [name for name in names if file_name(name) in grouped]

        def find() -> set[int]:
            inside = {pid for pid, inode in processes.process_inodes().items() if inode in inodes}
            return inside.union(*(self.cgroups.processes(name) for name in tracked))

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


def labs(paths: Paths) -> list[str]:
    """Return the names of all labs on this machine, by what exists of them, in natural order."""
    found = {entry.name for entry in _directories(paths.run)}
    candidates = {name.partition(".")[0] for name in _names(paths.netns) if "." in name} - found
    found |= {name for name in candidates if name and NetnsRuntime(paths, name).namespaces()}
    return sorted(found, key=natural)


def _names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)
    except FileNotFoundError:
        return []


def _directories(directory: Path) -> list[os.DirEntry[str]]:
    try:
        return [entry for entry in os.scandir(directory) if entry.is_dir()]
    except FileNotFoundError:
        return []
