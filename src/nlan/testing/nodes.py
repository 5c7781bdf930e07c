"""The fake place: a lab's namespaces on a fake kernel, and sockets that talk to it.

It meets `nlan.runtimes.base.Nodes` as far as drivers of the kernel use it, and makes and removes
namespaces as `nlan.runtimes.base.Nodes` does. Drivers that talk netlink work over it unchanged.
"""

from __future__ import annotations

import errno
import os
import socket
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NoReturn, cast

from nlan.errors import ApplyError, HostError, NlanError, NotOwnedError
from nlan.netlink import wire
from nlan.netlink.tables.links import FIRST
from nlan.runtimes.base import Completed, Machine, NodeWatch
from nlan.runtimes.netns.kernel import mark
from nlan.testing.errors import RefusedError, UnexpectedError
from nlan.testing.kernel.fake import FakeKernel
from nlan.testing.kernel.limits import FakeLimits
from nlan.testing.kernel.state import Netns
from nlan.testing.wire import RouteServer


class FakeNodes:
    """A lab on a fake kernel."""

    def __init__(self, kernel: FakeKernel, lab: str = "lab") -> None:
        """Take the kernel; two places of one kernel are the same lab, seen by two runs of nlan."""
        self.kernel, self._lab = kernel, lab
        self.cgroups = FakeLimits(kernel)
        self._descriptors: dict[int, Netns] = {}

    default = ""
    """The name of the runtime of nodes that ask for none."""

    def runtime_of(self, namespace: str) -> str:
        """Return the name of the runtime that has a namespace, or would have it."""
        return self.kernel.runtimes.get(namespace, self.default)

    def place(self, runtimes: Mapping[str, str]) -> None:
        """Take note which runtimes shall make namespaces: the fake kernel makes them all alike."""
        self.kernel.runtimes.update({name: runtime or self.default for name, runtime in runtimes.items()})

    def by_name(self, runtime: str) -> FakeNodes:
        """Return this place: there is one."""
        return self

    @property
    def lab(self) -> str:
        """The lab's name."""
        return self._lab

    @property
    def machine(self) -> Machine:
        """There is none."""
        self._refuse("asked for its machine", self._lab)

    @property
    def hosts_file(self) -> Path:
        """There are no files."""
        self._refuse("asked for its hosts file", self._lab)

    @property
    def sysctls_file(self) -> Path:
        """There are no files."""
        self._refuse("asked for its sysctls file", self._lab)

    def sysctl_defaults(self, names: Collection[str]) -> dict[str, str]:
        """There is no inside."""
        self._refuse("asked for sysctls", self._lab)

    def lock(self, **_: Any) -> AbstractContextManager[None]:
        """Nobody else works on a fake kernel."""
        return nullcontext()

    def why_not(self) -> str | None:
        """Return why no node can be made: none that this place knows of."""
        return None

    def namespaces(self) -> list[str]:
        """Return the lab's namespaces that exist now, sorted."""
        return self.kernel.owned()

    def create(self, namespaces: Sequence[str]) -> dict[str, NlanError]:
        """Make namespaces, those that exist are left alone; return those that failed."""
        return self._each(namespaces, "create", self._create)

    def delete(self, namespaces: Sequence[str]) -> dict[str, NlanError]:
        """Remove namespaces with all that is in them, absent ones are fine; return those that failed."""
        return self._each(namespaces, "delete", self._delete)

    def _each(
        self, namespaces: Sequence[str], verb: str, work: Callable[[str], None]
    ) -> dict[str, NlanError]:
        failures: dict[str, NlanError] = {}
        for name in namespaces:
            try:
                work(name)
            except RefusedError as refused:
                failures[name] = ApplyError(name, f"{verb} {name} namespace", os.strerror(refused.errno))
            except NotOwnedError as failure:
                failures[name] = failure
        return failures

    def _create(self, name: str) -> None:
        if name in self.kernel.owned():
            return
        if name in self.kernel.namespaces:
            raise NotOwnedError(f"{name}: a namespace that nlan did not make; remove or rename it")
        self._change(f"create namespace {name}")
        self.kernel.add_netns(name, mark=mark.alias(self._lab, name), group=FIRST)

    def _delete(self, name: str) -> None:
        if name not in self.kernel.namespaces:
            return
        if name not in self.kernel.owned():
            raise NotOwnedError(f"{name}: a namespace that nlan did not make; it stays")
        self._change(f"delete namespace {name}")
        self.kernel.remove_netns(name)
        self.kernel.limits.pop(name, None)

    def _change(self, what: str) -> None:
        self.kernel.faults.call()
        self.kernel.faults.change(what)

    def cleanup(self) -> None:
        """Remove all of the lab.

        Raises:
            HostError: A namespace could not be removed.
        """
        failures = self.delete(self.namespaces())
        if failures:
            raise HostError("; ".join(str(failure) for failure in failures.values()))
        self.kernel.hosts = None

    def open_socket(self, namespace: str, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """Return a netlink socket of the namespace; no others are to be had."""
        if family != socket.AF_NETLINK or protocol not in (socket.NETLINK_ROUTE, wire.NETLINK_NETFILTER):
            raise UnexpectedError(f"a socket of family {family}, protocol {protocol}")
        server = RouteServer(self.kernel.faults, self._netns_of, self.kernel.lessons)
        return cast(socket.socket, FakeRouteSocket(server, self.kernel.netns(namespace)))

    def open_sockets(self, namespace: str, kinds: Sequence[tuple[int, int, int]]) -> list[socket.socket]:
        """Return sockets as `open_socket` does one."""
        return [self.open_socket(namespace, *kind) for kind in kinds]

    def netns_fd(self, namespace: str) -> int:
        """Return a new file descriptor that stands for the namespace; the caller closes it."""
        netns = self.kernel.netns(namespace)
        descriptor = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._descriptors[descriptor] = netns
        return descriptor

    def _netns_of(self, descriptor: int) -> Netns:
        try:
            os.fstat(descriptor)
            return self._descriptors[descriptor]
        except (OSError, KeyError):
            raise UnexpectedError(f"descriptor {descriptor} stands for no namespace") from None

    def inside(self, namespace: str) -> AbstractContextManager[None]:
        """There is no inside."""
        self._refuse("entered", namespace)

    def directory(self, namespace: str) -> Path:
        """Return where a node's files would be: there are none."""
        return Path(os.devnull) / namespace

    def make_directory(self, namespace: str) -> Path:
        """There are no files."""
        self._refuse("asked for a directory", namespace)

    def spawn(self, namespace: str, argv: Sequence[str], **_: Any) -> int:
        """Nothing can be started."""
        self._refuse(f"told to run {argv[0]}", namespace)

    def run(self, namespace: str, argv: Sequence[str], **_: Any) -> Completed:
        """Nothing can be started."""
        self._refuse(f"told to run {argv[0]}", namespace)

    def enter(self, namespace: str) -> None:
        """There is no inside."""
        self._refuse("entered", namespace)

    def watch(self) -> NodeWatch:
        """Nobody waits for what happens on a fake kernel."""
        self._refuse("watched", self._lab)

    def all_processes(self, namespaces: Sequence[str]) -> dict[str, dict[int, str]]:
        """Return no processes: daemons are those of `nlan.testing.FakeDaemonDriver`."""
        return {namespace: {} for namespace in namespaces}

    def _refuse(self, what: str, namespace: str) -> NoReturn:
        raise UnexpectedError(f"the fake place cannot be {what} ({namespace})")


class FakeRouteSocket:
    """A route socket as `nlan.netlink.channel.Channel` uses it."""

    def __init__(self, server: RouteServer, netns: Netns) -> None:
        """Talk to the server about a namespace."""
        self._server, self._netns = server, netns
        self._answers: deque[bytes] = deque()
        self._open = True

    def setsockopt(self, level: int, option: int, value: int | bytes) -> None:
        """Take note; what the options ask for is done anyway."""

    def send(self, data: bytes) -> int:
        """Hand over a datagram of requests, which are carried out at once."""
        if not self._open:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        self._answers.extend(self._server.answer(self._netns, data))
        return len(data)

    def recv(self, size: int) -> bytes:
        """Return the next datagram.

        Raises:
            UnexpectedError: None will come: the real kernel would let the caller wait.
        """
        if not self._answers:
            raise UnexpectedError("nothing was asked that is still to be answered")
        answer = self._answers.popleft()
        if len(answer) > size:
            raise UnexpectedError(f"a datagram of {len(answer)} bytes is cut to {size}")
        return answer

    def close(self) -> None:
        """Close it; whoever uses it afterwards is told."""
        self._open = False
