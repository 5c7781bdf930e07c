"""Files in directories that somebody else may write, too: a daemon's user, whom nobody has to trust.

Nothing here follows a symbolic link in the last two parts of a path, waits for whoever holds the other
end, or reads without an end. The parts before are directories that root alone can change. What is
written gets a name that nobody guesses, is given away by its descriptor, and takes its place in one step.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

READ_MAX = 1 << 20
"""Bytes that are read of a file unless the caller says otherwise."""
ATTEMPTS = 100
"""So often a directory is emptied that somebody goes on filling."""
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def opened(directory: Path | str) -> Iterator[int]:
    """Give a descriptor of a directory that is no symbolic link."""
    descriptor = os.open(directory, _DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _parent(path: Path) -> str:
    """Return ``path.parent`` as text, without making another path for it."""
    return os.path.dirname(path) or os.curdir


def write(path: Path, content: bytes, *, mode: int = 0o600, owner: tuple[int, int] | None = None) -> None:
    """Replace a file, or whatever else has its name, in one step.

    Args:
        path: Where.
        content: All that it holds.
        mode: Who may read it.
        owner: User and group that it is given to; it stays the caller's when not given.

    Raises:
        OSError: It cannot be written, with the path.
    """
    temporary = _secret_name()
    try:
        with opened(_parent(path)) as directory:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(temporary, flags, 0o600, dir_fd=directory), "wb") as file:
                file.write(content)
                os.fchmod(file.fileno(), mode)
                if owner is not None:
                    os.fchown(file.fileno(), *owner)
            try:
                _put(directory, temporary, path.name)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=directory)
                raise
    except OSError as failure:
        raise OSError(failure.errno, os.strerror(failure.errno or 0), str(path)) from failure


def _put(directory: int, temporary: str, name: str) -> None:
    try:
        os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except (IsADirectoryError, NotADirectoryError):
        remove_in(directory, name)
        os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)


def read(path: Path, limit: int = READ_MAX) -> bytes:
    """Return the first `limit` bytes of a regular file.

    Raises:
        OSError: It is none, or cannot be read.
    """
    with regular(path) as descriptor:
        return os.pread(descriptor, limit, 0)


def read_end(path: Path, limit: int = READ_MAX) -> bytes:
    """Return the last `limit` bytes of a regular file.

    Raises:
        OSError: It is none, or cannot be read.
    """
    with regular(path) as descriptor:
        return os.pread(descriptor, limit, max(0, os.fstat(descriptor).st_size - limit))


@contextlib.contextmanager
def regular(path: Path) -> Iterator[int]:
    """Give a descriptor to read a regular file by.

    Raises:
        OSError: It is a link, a directory, a FIFO, a device or a socket, or cannot be read.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    with opened(_parent(path)) as directory:
        descriptor = os.open(path.name, flags, dir_fd=directory)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        yield descriptor
    finally:
        os.close(descriptor)


def remove(path: Path, detach: Callable[[str], bool] = lambda _: False) -> None:
    """Remove what has that name, with all that is in it; absent is fine.

    A directory is moved beside `path` under a name that nobody guesses before it is looked into, and so
    is each one in it: however deep, nothing is reached by a path that somebody could change meanwhile.

    Args:
        path: What.
        detach: Unmounts what is mounted there, of which nothing is removed; told a path, it says
            whether something was.

    Raises:
        OSError: Something cannot be removed, with the path.
    """
    try:
        with opened(_parent(path)) as directory:
            remove_in(directory, path.name, detach)
    except FileNotFoundError:
        return
    except OSError as failure:
        raise OSError(failure.errno, os.strerror(failure.errno or 0), str(path)) from failure


def remove_in(directory: int, name: str, detach: Callable[[str], bool] = lambda _: False) -> None:
    """Remove an entry of a directory that is open, see `remove`."""
    waiting = _take(directory, name, directory, detach)
    while waiting:
        _remove_moved(directory, waiting.pop(), waiting, detach)


def _remove_moved(directory: int, name: str, waiting: list[str], detach: Callable[[str], bool]) -> None:
    """Remove a directory that was moved here; what stands in it goes to where it was, and waits."""
    for attempt in range(ATTEMPTS):
        try:
            inner = os.open(name, _DIRECTORY, dir_fd=directory)
        except NotADirectoryError:  # a link took its place just before it was moved
            os.unlink(name, dir_fd=directory)
            return
        try:
            for entry in os.listdir(inner):
                waiting += _take(inner, entry, directory, detach)
            os.rmdir(name, dir_fd=directory)
            return
        except OSError as failure:
            if failure.errno != errno.ENOTEMPTY or attempt == ATTEMPTS - 1:
                raise
        finally:
            os.close(inner)


def _take(parent: int, name: str, directory: int, detach: Callable[[str], bool]) -> list[str]:
    """Remove an entry that is no directory; one that is moves to `directory`: return its name there."""
    while True:
        try:
            os.unlink(name, dir_fd=parent)
            return []
        except FileNotFoundError:
            return []
        except IsADirectoryError:
            moved = _secret_name()
        except OSError as failure:
            if failure.errno != errno.EBUSY or not _detached(parent, name, detach):
                raise
            continue
        try:
            os.rename(name, moved, src_dir_fd=parent, dst_dir_fd=directory)
            return [moved]
        except FileNotFoundError:
            return []
        except OSError as failure:
            if failure.errno != errno.EBUSY or not _detached(parent, name, detach):
                raise


def _detached(parent: int, name: str, detach: Callable[[str], bool]) -> bool:
    """Unmount what is mounted at an entry; tell whether something was."""
    descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        return detach(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _secret_name() -> str:
    return f".{os.urandom(12).hex()}"


@contextlib.contextmanager
def socket_path(path: Path) -> Iterator[str]:
    """Give a name to connect to a Unix socket by: short enough, and of that socket, not of a link to another.

    Raises:
        OSError: Nothing is there, or something else.
    """
    with opened(_parent(path)) as directory:
        descriptor = os.open(path.name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK), str(path))
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
