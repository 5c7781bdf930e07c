"""A node's mount and UTS namespace, made with its first process.

All nodes' mount namespaces are copies of one template per lab, from which the pins and /sys are
detached; so a copy costs the same whether the lab has ten namespaces or a thousand. In the node,
/sys shows its own network devices, /etc/hosts is the lab's, FRR's directories are its own, and
/run/netns is empty: what is pinned there on the host is nothing but plain files in the node.

FRR's directories belong to its user, the same one in all nodes, but for that of the logs: FRR opens
these as root, through whatever stands there. The node's run directory is root's alone, so that no path
leads a daemon from one node's directories to another's.
"""

from __future__ import annotations

import errno
import fcntl
import functools
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nlan.errors import HostError
from nlan.paths import Paths, file_name
from nlan.runtimes.netns import pins, syscalls
from nlan.runtimes.netns.threads import in_thread

TEMPLATE = "@template.mnt"
BOUND = {
    "log-frr": "/var/log/frr",
    "etc-frr": "/etc/frr",
    "lib-frr": "/var/lib/frr",
    "run-frr": "/run/frr",
    "tmp-frr": "/var/tmp/frr",
}
"""Directories of the node's run directory, and where its processes see them; the last is made last."""
OF_ROOT = "log-frr"
NODE_NETNS = Path("/run/netns")
"""Where iproute2 looks for namespaces, in a node too."""
FRR_USER = "frr"


def node_directory(paths: Paths, lab: str, namespace: str) -> Path:
    """Return the node's run directory, made with what is bound from it if it is not there."""
    directory = paths.node(lab, namespace)
    if not _is_given(directory / list(BOUND)[-1]):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)  # a former version let everybody in
        lacking = [name for name in BOUND if not (directory / name).exists()]
        for name in BOUND:
            (directory / name).mkdir(mode=0o755, exist_ok=True)
            if name != OF_ROOT:
                _give_to_frr(directory / name)
        _bind_late(paths, lab, namespace, lacking)
    return directory


def _bind_late(paths: Paths, lab: str, namespace: str, names: Sequence[str]) -> None:
    """Bind directories in a mount namespace that is there already: a former version bound fewer."""
    pin = paths.lab(lab) / "ns" / f"{file_name(namespace)}.mnt"
    if not names or not pins.is_pin(pin, pins.namespace_device()):
        return
    node = _open(pin)

    def work() -> None:
        syscalls.unshare(syscalls.CLONE_FS)
        syscalls.setns(node, syscalls.CLONE_NEWNS)
        _bind([(str(paths.node(lab, namespace) / name), BOUND[name]) for name in names])

    try:
        in_thread(work)
    finally:
        os.close(node)


def _bind(places: Iterable[tuple[str, str]]) -> None:
    """Bind the first over the second, where the machine has that."""
    for here, there in places:
        if os.path.exists(there):
            syscalls.mount(here, there, None, syscalls.MS_BIND)


def open_node(paths: Paths, lab: str, namespace: str, netns: int) -> tuple[int, int]:
    """Return descriptors of the node's mount and UTS namespace, made if they are not there.

    Args:
        paths: Where.
        lab: The lab.
        namespace: The node.
        netns: Descriptor of its network namespace.

    Raises:
        HostError: The kernel refuses.
    """
    directory = node_directory(paths, lab, namespace)
    stem = str(paths.lab(lab) / "ns" / file_name(namespace))
    device = pins.namespace_device()
    try:
        with _locked(directory):
            if not pins.is_pin(f"{stem}.mnt", device):
                _make_node(paths, lab, namespace, netns, stem)
            return _open(f"{stem}.mnt"), _open(f"{stem}.uts")
    except OSError as failure:
        raise HostError(f"{namespace}: cannot make its mount namespace: {failure}") from failure


def unpin_node(paths: Paths, lab: str, namespace: str) -> None:
    """Let go of the node's mount and UTS namespace; absent is fine."""
    stem = str(paths.lab(lab) / "ns" / file_name(namespace))
    for path in (f"{stem}.mnt", f"{stem}.uts"):
        if os.path.lexists(path):
            pins.unpin(path)


def hosts_path(paths: Paths, lab: str) -> Path:
    """Return the file that is /etc/hosts in all nodes of the lab."""
    return paths.lab(lab) / "hosts"


def _make_node(paths: Paths, lab: str, namespace: str, netns: int, stem: str) -> None:
    hosts = hosts_path(paths, lab)
    if not hosts.exists():
        hosts.write_text("127.0.0.1 localhost\n", encoding="utf-8")
    _ensure_bound_places(paths)
    template = _open_template(paths, lab)
    binds = [(str(hosts), "/etc/hosts")]
    binds += [(str(paths.node(lab, namespace) / name), there) for name, there in BOUND.items()]

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
        _bind(binds)
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


def _ensure_bound_places(paths: Paths) -> None:
    """Make what is bound over where FRR is installed and was never started yet."""
    for name, place in pins.OF_FRR.items():
        if os.path.isdir("/etc/frr") and not place.is_dir():
            pins.note(paths, name)
            place.mkdir(mode=0o755, exist_ok=True)
            if name != OF_ROOT:
                _give_to_frr(place)


def _is_given(directory: Path) -> bool:
    """Tell whether it is there and not root's any more; nlan may have been killed in between."""
    try:
        return os.stat(directory).st_uid != 0
    except FileNotFoundError:
        return False


def _give_to_frr(directory: Path) -> None:
    if (owner := _frr_owner()) is not None:
        os.chown(directory, *owner, follow_symlinks=False)


@functools.cache
def _frr_owner() -> tuple[int, int] | None:
    """Return FRR's user and group, None where it is not installed."""
    import pwd

    try:
        entry = pwd.getpwnam(FRR_USER)
    except KeyError:
        return None
    return entry.pw_uid, entry.pw_gid


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
