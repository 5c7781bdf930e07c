"""Files that hold namespaces, and the two directories they stand in.

A namespace lives as long as it is bound to a file. A pin file that nothing is bound to stands for
nothing: whoever wants the name binds over it. /run/netns is kept as ``ip netns`` keeps it, a shared
mount of itself, made at most once. The run directory is a private file system in memory: mount
namespaces cannot be bound where mounts propagate, and the small files of many daemons cost a disk half
a second where /run is one.

What nlan adds to the host outside of its run directory is written down before it is made, in files
named ``made-…`` that say what it is, so that the last lab takes it away again; they go last.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from nlan.errors import HostError
from nlan.paths import Paths
from nlan.runtimes.netns.kernel import syscalls

_NOTE = "made-"
_RUN_SOURCE = "nlan"
"""What the mount of the run directory is called in the table of mounts."""


def namespace_device() -> int:
    """Return the device number that every namespace's file has.

    Raises:
        HostError: There are none.
    """
    try:
        return os.stat("/proc/self/ns/net").st_dev
    except FileNotFoundError as missing:
        raise HostError("/proc is not mounted here: `mount -t proc proc /proc`") from missing


def is_pin(path: Path | str, device: int) -> bool:
    """Tell whether a namespace is bound to that file."""
    try:
        return os.stat(path).st_dev == device
    except FileNotFoundError:
        return False


def pin(source: str, path: Path | str) -> None:
    """Bind the namespace file `source` to `path`, made if it is not there."""
    try:
        syscalls.mount(source, str(path), None, syscalls.MS_BIND)
    except FileNotFoundError:
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o444))
        syscalls.mount(source, str(path), None, syscalls.MS_BIND)


class PinFiles:
    """Makes many pin files in one directory as links to one nameless file.

    On a file system that is a disk a new file costs fifty times what a link costs. Where it cannot
    make nameless files, each pin file is a new one.
    """

    def __init__(self, directory: Path) -> None:
        """Make the nameless file; `close` lets go of it."""
        try:
            self._source = os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o444)
        except OSError:
            self._source = -1

    def pin(self, source: str, path: Path | str) -> None:
        """Bind the namespace file `source` to `path`, made if it is not there."""
        if self._source >= 0:
            with contextlib.suppress(FileExistsError):
                # A directory descriptor, though the path is absolute: only so links are followed.
                os.link(f"/proc/self/fd/{self._source}", path, src_dir_fd=self._source, follow_symlinks=True)
        pin(source, path)

    def close(self) -> None:
        """Let go of the nameless file."""
        if self._source >= 0:
            os.close(self._source)


def unpin(path: Path | str) -> None:
    """Unbind whatever is bound to `path`, however often, and remove the file; absent is fine."""
    while unmount(path):
        pass
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def unmount(path: Path | str, flags: int = syscalls.MNT_DETACH) -> bool:
    """Unmount the topmost mount at `path`; False where there is none, or (unless lazy) it is in use."""
    try:
        syscalls.umount(str(path), flags)
    except OSError as failure:
        if failure.errno in (errno.EINVAL, errno.ENOENT, errno.EBUSY):
            return False
        raise
    return True


@contextlib.contextmanager
def directory_lock(path: Path) -> Iterator[None]:
    """Hold the advisory lock of a directory, as ``ip netns`` does with its own; ends with its holder."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def prepare_run(paths: Paths) -> None:
    """Make the run directory a private file system in memory; the caller holds a lock around it.

    Raises:
        HostError: It cannot be made or mounted.
    """
    try:
        paths.run.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not _set_propagation(paths.run, syscalls.MS_PRIVATE):
            _mount_run(paths.run)
            _set_propagation(paths.run, syscalls.MS_PRIVATE)
    except OSError as failure:
        raise HostError(f"{paths.run}: cannot be made nlan's run directory: {failure.strerror}") from failure


def _mount_run(path: Path) -> None:
    if os.listdir(path):  # labs of a former version, or whose mount somebody took away: they stay in sight
        syscalls.mount(str(path), str(path), None, syscalls.MS_BIND)
        return
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
    syscalls.mount(_RUN_SOURCE, str(path), "tmpfs", flags, "mode=755")


def prepare_netns(paths: Paths) -> None:
    """Make the directory of named network namespaces a shared mount of itself, as ``ip netns`` does.

    Raises:
        HostError: It cannot be made or mounted.
    """
    try:
        if not paths.netns.is_dir():
            note(paths, "netns-directory", paths.netns)
            paths.netns.mkdir(mode=0o755, parents=True, exist_ok=True)
        with directory_lock(paths.netns):
            if not _set_propagation(paths.netns, syscalls.MS_SHARED | syscalls.MS_REC):
                note(paths, "netns-mount", paths.netns)
                recursive = syscalls.MS_BIND | syscalls.MS_REC
                syscalls.mount(str(paths.netns), str(paths.netns), None, recursive)
                _set_propagation(paths.netns, syscalls.MS_SHARED | syscalls.MS_REC)
    except OSError as failure:
        raise HostError(f"{paths.netns}: cannot be mounted for namespaces: {failure.strerror}") from failure


def note(paths: Paths, what: str, path: Path) -> None:
    """Write down that nlan is about to make `path`."""
    (paths.run / f"{_NOTE}{what}").write_text(str(path), encoding="utf-8")


def restore_host(paths: Paths, directories: Mapping[str, Path]) -> None:
    """Take away what nlan made around its labs, once no lab is left; call it with the lock held.

    Whatever somebody else uses meanwhile (a namespace of their own in /run/netns) stays.

    Args:
        paths: Where.
        directories: What notes of a former version mean, which did not say it themselves.
    """
    entries = os.listdir(paths.run)
    if any((paths.run / name).is_dir() for name in entries):
        return
    notes = {name.removeprefix(_NOTE): paths.run / name for name in entries if name.startswith(_NOTE)}
    if _empty(paths.netns):
        if "netns-mount" in notes:
            unmount(paths.netns, 0)
        if "netns-directory" in notes:
            _remove_directory(paths.netns)
    for what in notes.keys() - {"netns-mount", "netns-directory"}:
        text = notes[what].read_text(encoding="utf-8")
        if (made := Path(text) if text else directories.get(what)) is not None:
            _remove_directory(made)
    if _is_run_mount(paths.run) and not unmount(paths.run, 0):
        return  # in use: another nlan is about to lock a lab there, and comes by here later
    for note_file in notes.values():  # where the directory is somebody else's mount
        note_file.unlink(missing_ok=True)
    _remove_directory(paths.run)


def _is_run_mount(path: Path) -> bool:
    """Tell whether the topmost mount at `path` is one that nlan puts there: in memory, or of itself."""
    point = os.path.realpath(path).replace(" ", r"\040")
    is_own = False
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        for line in mounts:
            fields, _, source = line.partition(" - ")
            root, place = fields.split(" ")[3:5]
            if place == point:
                of_itself = root != "/" and (point.endswith(root) or root.endswith(point))
                is_own = of_itself or source.startswith(f"tmpfs {_RUN_SOURCE} ")
    return is_own


def _set_propagation(path: Path, flags: int) -> bool:
    try:
        syscalls.mount("none", str(path), None, flags)
    except OSError as failure:
        if failure.errno == errno.EINVAL:
            return False
        raise
    return True


def _empty(path: Path) -> bool:
    try:
        return not os.listdir(path)
    except FileNotFoundError:
        return True


def _remove_directory(path: Path) -> None:
    try:
        path.rmdir()
    except OSError as failure:
        if failure.errno not in (errno.ENOTEMPTY, errno.EBUSY, errno.ENOENT):
            raise
