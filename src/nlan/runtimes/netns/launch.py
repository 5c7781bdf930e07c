"""Starting programs in a node: every namespace joined by a thread, which then forks the program."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from nlan.errors import HostError
from nlan.runtimes.base import Completed
from nlan.runtimes.netns.kernel import syscalls
from nlan.runtimes.netns.kernel.spawn import Program, spawn
from nlan.runtimes.netns.kernel.threads import in_thread

_RESET_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGQUIT)

_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)
"""The limit nlan was started with; what it raises for itself is not handed on to daemons, which size
their tables by it."""


class NodeSpaces(NamedTuple):
    """Descriptors of a node's namespaces; `close` them."""

    net: int
    mnt: int
    uts: int

    def join(self) -> None:
        """Move the calling thread into all of them; its directory becomes / where it is not there."""
        try:
            directory = os.getcwd()
        except FileNotFoundError:  # it was removed
            directory = "/"
        syscalls.unshare(syscalls.CLONE_FS)
        syscalls.setns(self.net, syscalls.CLONE_NEWNET)
        syscalls.setns(self.uts, syscalls.CLONE_NEWUTS)
        syscalls.setns(self.mnt, syscalls.CLONE_NEWNS)
        try:
            os.chdir(directory)
        except OSError:
            os.chdir("/")

    def close(self) -> None:
        """Close all three."""
        for descriptor in self:
            os.close(descriptor)


def start(
    spaces: NodeSpaces,
    argv: Sequence[str],
    *,
    files: Mapping[int, int],
    env: Mapping[str, str] | None = None,
    session: bool = True,
    before: Callable[[], int] = lambda: -1,
) -> tuple[int, bool]:
    """Start a program in a node's namespaces; return its process id, and whether it began in its cgroup.

    Args:
        spaces: Where.
        argv: Program (looked up along PATH as the node sees it) and arguments.
        files: Descriptor in the program, and the caller's descriptor that it is.
        env: The whole environment; the caller's own when not given.
        session: Make it the leader of a new session, and close what else the caller inherited: a
            daemon would hold it open for as long as it lives.
        before: Called on the thread that starts it, before that joins the namespaces; returns a
            descriptor of the cgroup to start it in, -1 for that of the thread.

    Raises:
        HostError: The program cannot be started.
    """
    program = Program(
        argv=argv,
        env=dict(os.environ if env is None else env),
        dup2=[(here, there) for there, here in files.items()],
        close=_inheritable() if session else [],
        session=session,
        defaults=_RESET_SIGNALS,
    )

    def work() -> tuple[int, bool]:
        cgroup = before()
        try:
            spaces.join()
            return spawn(program, cgroup)
        finally:
            if cgroup >= 0:
                os.close(cgroup)

    try:
        pid, placed = in_thread(work)
    except OSError as failure:
        raise HostError(f"{argv[0]}: cannot be started: {failure.strerror}") from failure
    _keep_file_limit(pid)
    return pid, placed


def _inheritable() -> list[int]:
    """Return the descriptors beyond the standard ones that a program would inherit."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the one of the listing itself is closed
            if int(name) > 2 and os.get_inheritable(int(name)):
                found.append(int(name))
    return found


def _keep_file_limit(pid: int) -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE) != _FILES:
        with contextlib.suppress(ProcessLookupError):  # it may have ended already
            resource.prlimit(pid, resource.RLIMIT_NOFILE, _FILES)


def restore_signals() -> None:
    """Let the signals that Python ignores for itself be as they were; for a program that takes its place."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def gather(pid: int, pipes: Sequence[int], timeout_s: float | None, stop: int = -1) -> Completed:
    """Wait for a child and collect what it writes to `pipes` (its output, then its errors).

    Once the descriptor `stop` is readable, the child, which leads a session, is killed with its group.

    Raises:
        TimeoutError: It ran longer than `timeout_s` seconds, and was killed.
    """
    import select

    chunks: dict[int, list[bytes]] = {pipe: [] for pipe in pipes}
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    process = os.pidfd_open(pid)
    waiting = select.poll()
    for descriptor in (process, *pipes, *([stop] if stop >= 0 else ())):
        waiting.register(descriptor, select.POLLIN)
    try:
        ended = False
        while not ended:
            remaining = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            ready = [descriptor for descriptor, _ in waiting.poll(remaining)]
            if not ready:
                signal.pidfd_send_signal(process, signal.SIGKILL)
                os.waitpid(pid, 0)
                raise TimeoutError(f"process {pid} did not end within {timeout_s} s")
            for descriptor in ready:
                if descriptor == stop:
                    os.killpg(pid, signal.SIGKILL)
                    waiting.unregister(stop)
                elif descriptor != process and not _read_into(descriptor, chunks):
                    waiting.unregister(descriptor)
            ended = process in ready
        _drain(chunks)
        status = os.waitpid(pid, 0)[1]
    finally:
        os.close(process)
    outputs = [b"".join(parts) for parts in chunks.values()]
    return Completed(os.waitstatus_to_exitcode(status), *outputs)


def _read_into(pipe: int, chunks: dict[int, list[bytes]]) -> bool:
    data = os.read(pipe, 65536)
    chunks[pipe].append(data)
    return bool(data)


def _drain(chunks: dict[int, list[bytes]]) -> None:
    """Read what is left without waiting for others that still hold the pipe open."""
    for pipe in chunks:
        os.set_blocking(pipe, False)
        try:
            while _read_into(pipe, chunks):
                pass
        except BlockingIOError:
            continue
