"""What a runtime is: how a machine is used, and how nodes are made and reached on it.

A runtime is two contracts. The `Machine` is what all labs on it share: who works on a lab, which labs
there are, what nlan leaves behind. The `Nodes` are those of one lab: namespaces with their sockets,
processes and files, and what happens to them. Whoever uses them knows neither pins nor containers.

A namespace is named as in a resource's key (`nlan.resources.Key.namespace`): ``r1`` for a node,
``r1/192.0.2.1`` for a host behind it, a name that begins with ``@`` for what no node is.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, TypeVar

from nlan.errors import NlanError
from nlan.paths import Paths
from nlan.registry import Seam

T = TypeVar("T")


class Completed(NamedTuple):
    """What a program left.

    Attributes:
        returncode: Its exit code, negative the signal that ended it.
        stdout: What it wrote, empty if not captured.
        stderr: The same for its errors.
    """

    returncode: int
    stdout: bytes = b""
    stderr: bytes = b""


class NodeDirectory(NamedTuple):
    """A directory of a node's run directory that its programs see where they look for their own.

    Whoever brings the programs (`nlan.engines`) says which. A runtime whose nodes have files of their
    own makes the target there; one whose nodes have the machine's needs it to be there.

    Attributes:
        name: In the node's run directory (`Nodes.directory`), such as ``etc-frr``.
        target: Where the node's programs see it.
        owner: The user that it belongs to, with that user's group; root's where it is empty, or where
            the machine has no such user.
        made_beside: Where the machine has this directory, so that the programs are installed, the target
            is made on it if it is not there, and taken away with the last lab; None makes nothing.
    """

    name: str
    target: Path
    owner: str = ""
    made_beside: Path | None = None


class NodeEvent(NamedTuple):
    """What happened to a namespace of a lab.

    Attributes:
        what: ``appeared``: it was made, or something that bears its name; ``vanished``: it is gone;
            ``ended``: a process of its that was followed; ``lost``: there were too many events, look again.
        namespace: Which; empty where events were lost.
        program: What ended, as it was named when following it began.
    """

    what: Literal["appeared", "vanished", "ended", "lost"]
    namespace: str = ""
    program: str = ""


class Limits(Protocol):
    """The limits of a lab's nodes: ``memory`` in bytes, ``cpu`` in processors, ``pids``."""

    def why_not(self, controller: str) -> str | None:
        """Return why ``memory``, ``cpu`` or ``pids`` cannot be limited here, None if it can."""

    def limits(self, namespace: str) -> dict[str, float]:
        """Return the limits that are set; what is missing is unlimited."""

    def set_limits(self, namespace: str, limits: dict[str, float]) -> None:
        """Set limits, for what runs there too; what is missing becomes unlimited.

        Raises:
            HostError: A limit cannot be set on this machine.
        """


class Machine(Protocol):
    """A machine that labs are on, and what they share there."""

    @property
    def paths(self) -> Paths:
        """Where nlan keeps things on it."""

    @property
    def directories(self) -> Sequence[NodeDirectory]:
        """What each node has of its own."""

    def labs(self) -> list[str]:
        """Return the names of all labs, by what exists of them, in natural order; needs no database."""

    def lock(
        self, lab: str, *, on_wait: Callable[[str], None] | None = None, timeout_s: float = 600.0
    ) -> AbstractContextManager[bool]:
        """Hold a lab's lock for the length of the block; it ends with the process, however that ends.

        The block is told whether the last holder was killed, or failed, at whatever it did then.

        Args:
            lab: Whose; it need not exist.
            on_wait: Called once with a sentence when another nlan holds it; without it nlan does not wait.
            timeout_s: How long to wait, in seconds.

        Raises:
            LockedError: Somebody else holds it (still).
            HostError: Nothing can be kept on this machine.
        """

    def lock_holder(self, lab: str) -> int | None:
        """Return the process id of whoever holds the lab's lock, None where it is free."""

    def leave(self) -> None:
        """Take away what nlan made around its labs, where none is left."""

    def why_not(self) -> str | None:
        """Return why no node can be made here, with what to do, in a sentence; None if it can."""

    def scratch(self, work: Callable[[], T]) -> T:
        """Return what `work` returns in a network namespace that is new, and ends with the call.

        Raises:
            HostError: None can be made.
        """


class NodeWatch(Protocol):
    """Says which namespaces of a lab come and go, and which processes end; `close` it."""

    def fileno(self) -> int:
        """Return a descriptor that is readable when there is something to be read."""

    def sync(self) -> None:
        """Watch what could not be watched yet, since it was not there; call it when more may have come."""

    def follow(self, namespace: str, pid: int, program: str) -> None:
        """Say when that process ends; twice is once, and one that is gone already is nobody's concern."""

    def read(self) -> list[NodeEvent]:
        """Return what happened since the last call; does not block."""

    def close(self) -> None:
        """Watch no more."""


class Nodes(Protocol):
    """The nodes of one lab; every call names the namespace that is meant.

    A lab may have nodes of several runtimes: each is asked only about its own, and what all share (`machine`,
    `lock`, `hosts_file`, `sysctls_file`, `sysctl_defaults`, `cleanup`) only the default one.

    What does not exist is a `HostError` that names it, unless a call says otherwise.
    """

    @property
    def lab(self) -> str:
        """The lab's name."""

    # What the lab has of its machine

    @property
    def machine(self) -> Machine:
        """The machine that they are on."""

    @property
    def hosts_file(self) -> Path:
        """The file that is /etc/hosts in every node; it is written in place, and need not be there."""

    @property
    def sysctls_file(self) -> Path:
        """Where the names of the sysctls are kept that nlan has set; it need not be there."""

    def lock(
        self, *, on_wait: Callable[[str], None] | None = None, timeout_s: float = 600.0
    ) -> AbstractContextManager[None]:
        """Hold the lab's lock, see `Machine.lock`; what a killed holder left half done is made whole."""

    def why_not(self) -> str | None:
        """Return why no node can be made here, with what to do, in a sentence; None if it can."""

    def sysctl_defaults(self, names: Collection[str]) -> dict[str, str]:
        """Return the values that a new namespace has; without those that it lacks."""

    # What there is

    def namespaces(self) -> list[str]:
        """Return the lab's namespaces that exist now and bear its mark, in natural order."""

    def create(self, namespaces: Sequence[str]) -> Mapping[str, NlanError]:
        """Make namespaces, loopback up; those that exist are left alone. Return those that failed."""

    def delete(self, namespaces: Sequence[str]) -> Mapping[str, NlanError]:
        """End what runs in namespaces and remove all that is in them; return those that failed.

        Absent ones are fine; one of that name that nlan did not make is a failure.

        Raises:
            HostError: Processes do not end, whatever is done.
        """

    def cleanup(self) -> None:
        """Remove all of the lab; call it with the lock held.

        Raises:
            HostError: Something that runs does not end; everything else is removed.
        """

    def watch(self) -> NodeWatch:
        """Say from now on which namespaces come and go; whoever asks closes it."""

    # Sockets

    def open_socket(self, namespace: str, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """Return a socket that lives in that namespace whichever thread uses it."""

    def open_sockets(self, namespace: str, kinds: Sequence[tuple[int, int, int]]) -> list[socket.socket]:
        """Return sockets of these families, kinds and protocols, all or none, as `open_socket` does one."""

    def netns_fd(self, namespace: str) -> int:
        """Return a new file descriptor of the network namespace; the caller closes it."""

    def inside(self, namespace: str) -> AbstractContextManager[None]:
        """Move the calling thread into the network namespace for the length of the block."""

    # Processes

    def spawn(
        self,
        namespace: str,
        argv: Sequence[str],
        *,
        output: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> int:
        """Start a process in all namespaces and under the limits of the node, in a session of its own.

        It outlives the caller. Standard input is /dev/null, output and errors go to `output`
        (appended) or /dev/null. Returns its process id.

        Raises:
            HostError: The program cannot be started.
        """

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
        """Run a program in the node to its end; standard input is the caller's only without `capture`.

        With `capture` it is killed, with its group, once the descriptor `stop` is readable.

        Raises:
            HostError: The program cannot be started.
            TimeoutError: It ran longer than `timeout_s` seconds, and was killed.
        """

    def enter(self, namespace: str) -> None:
        """Move the calling process into the node for good; for `os.execvp`."""

    def all_processes(self, namespaces: Sequence[str]) -> dict[str, dict[int, str]]:
        """Return, by namespace, process ids and program names (/proc/PID/comm) of all that runs there."""

    @property
    def cgroups(self) -> Limits:
        """The limits of the nodes."""

    # Files

    def directory(self, namespace: str) -> Path:
        """Return the path of the node's own run directory; it exists once something was made in it.

        It is root's alone, and goes with the node. What of it shows up inside the node is for the
        directories to say that the runtime was opened with (`NodeDirectory`).
        """

    def make_directory(self, namespace: str) -> Path:
        """Return the node's own run directory, made on first use; it is removed with the node."""


class Runtime(Protocol):
    """A way to have nodes on a machine."""

    def machine(self, paths: Paths, directories: Sequence[NodeDirectory] = ()) -> Machine:
        """Return the machine, which nothing is done to yet; each node on it is to have these directories."""

    def nodes(self, machine: Machine, lab: str) -> Nodes:
        """Return the nodes of a lab, which need not exist."""


SEAM: Seam[Runtime] = Seam("runtimes", "nlan.runtimes", "RUNTIME", needs=("machine", "nodes"))
