"""A node's mount and UTS namespace, made with its first process.

All nodes' mount namespaces are copies of one template per lab, from which the pins and /sys are
detached; so a copy costs the same whether the lab has ten namespaces or a thousand. In the node,
/sys shows its own network devices, /etc/hosts is the lab's, some directories are its own (`NodeFiles`),
and /run/netns is empty: what is pinned there on the host is nothing but plain files in the node.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nlan.errors import HostError
from nlan.paths import Paths
from nlan.runtimes.netns import pins
from nlan.runtimes.netns.files import NodeFiles
from nlan.runtimes.netns.kernel import syscalls
from nlan.runtimes.netns.kernel.threads import in_thread

TEMPLATE = "@template.mnt"
NODE_NETNS = Path("/run/netns")
"""Where iproute2 looks for namespaces, in a node too."""


def open_node(files: NodeFiles, namespace: str, netns: int) -> tuple[int, int]:
    """Return descriptors of the node's mount and UTS namespace, made if they are not there.

    Args:
        files: The lab's.
        namespace: The node.
        netns: Descriptor of its network namespace.

    Raises:
        HostError: The kernel refuses.
    """
    directory = files.make(namespace)
    stem = files.stem(namespace)
    try:
        with _locked(directory):
            if not pins.is_pin(f"{stem}.mnt", pins.namespace_device()):
                _make_node(files, namespace, netns)
            return _open(f"{stem}.mnt"), _open(f"{stem}.uts")
    except OSError as failure:
        raise HostError(f"{namespace}: cannot make its mount namespace: {failure}") from failure


def unpin_node(files: NodeFiles, namespace: str) -> None:
    """Let go of the node's mount and UTS namespace; absent is fine."""
    for path in (f"{files.stem(namespace)}.mnt", f"{files.stem(namespace)}.uts"):
        if os.path.lexists(path):
            pins.unpin(path)


def _make_node(files: NodeFiles, namespace: str, netns: int) -> None:
    files.prepare()
    template = _open_template(files.paths, files.lab)
    stem = files.stem(namespace)

    def work() -> tuple[int, int]:
        syscalls.unshare(syscalls.CLONE_FS)
        syscalls.setns(template, syscalls.CLONE_NEWNS)
        syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUTS)
        syscalls.setns(netns, syscalls.CLONE_NEWNET)
        socket.sethostname(namespace.rpartition("/")[2])
        flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
        syscalls.mount("nlan", "/sys", "sysfs", flags)
        if NODE_NETNS.is_dir():
            syscalls.mount("nlan", str(NODE_NETNS), "tmpfs", flags, "mode=755")
        files.bind(namespace)
        return _open("/proc/thread-self/ns/mnt"), _open("/proc/thread-self/ns/uts")

    def pin(mount: int, uts: int) -> None:
        pins.unpin(f"{stem}.uts")
        pins.pin(f"/proc/self/fd/{uts}", f"{stem}.uts")
        pins.pin(f"/proc/self/fd/{mount}", f"{stem}.mnt")  # last: it stands for the whole

    try:
        _make_and_pin(work, pin)
    finally:
        os.close(template)


def _make_and_pin(make: Callable[[], tuple[int, ...]], pin: Callable[..., None]) -> None:
    """Make a mount namespace and pin it; `make` runs on a thread, its descriptors go to `pin`.

    The kernel takes only a namespace with a higher number than that of the one it is pinned in, and
    since 6.18 each processor counts on its own: a new one may have a lower number than the caller's,
    unless that is the host's first. Made on the processor that made the caller's, it has a higher one.
    """
    processors: list[set[int]] = [{number} for number in sorted(os.sched_getaffinity(0))]
    for allowed in [None, *processors]:

        def work(allowed: set[int] | None = allowed) -> tuple[int, ...]:
            if allowed is not None:
                os.sched_setaffinity(0, allowed)  # of this thread alone
            return make()

        descriptors = in_thread(work)
        try:
            pin(*descriptors)
            return
        except OSError as failure:
            if failure.errno != errno.EINVAL or allowed == processors[-1]:
                raise
        finally:
            for descriptor in descriptors:
                os.close(descriptor)


def _open_template(paths: Paths, lab: str) -> int:
    directory = paths.lab(lab) / "ns"
    path = directory / TEMPLATE
    with _locked(directory):
        if not pins.is_pin(path, pins.namespace_device()):
            _make_and_pin(lambda: _make_template(paths), lambda fd: pins.pin(f"/proc/self/fd/{fd}", path))
        return _open(path)


def _make_template(paths: Paths) -> tuple[int]:
    unshare_mounts()
    without_pins = syscalls.open_tree(str(paths.run))
    for path in (paths.netns, paths.run, Path("/sys")):
        while pins.unmount(path):
            pass
    syscalls.move_mount(without_pins, str(paths.run))
    os.close(without_pins)
    return (_open("/proc/thread-self/ns/mnt"),)


def unshare_mounts() -> None:
    """Give the calling thread a mount namespace of its own, whose mounts nobody else sees.

    Whoever enters it later arrives at the namespace's own root. Where the caller is in a chroot that is
    another directory, so the caller's root with all that is mounted below is mounted on top of it.
    """
    syscalls.unshare(syscalls.CLONE_NEWNS)
    root, itself = os.open("/", os.O_PATH | os.O_CLOEXEC), _open("/proc/thread-self/ns/mnt")
    try:
        _arrive(itself)
        if not os.path.samestat(os.stat("/"), os.fstat(root)):
            tree = syscalls.open_whole_tree(root)
            syscalls.move_mount(tree, "/")
            os.close(tree)
            _arrive(itself)
    finally:
        os.close(root)
        os.close(itself)


def _arrive(namespace: int) -> None:
    """Go to the root of the mount namespace, and let nobody else see what is mounted in it."""
    syscalls.setns(namespace, syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(path: str | Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
