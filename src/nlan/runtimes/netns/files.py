"""A node's run directory, and which directories of it the node's programs see elsewhere.

The node's run directory is root's alone, so that no path leads a daemon from one node's directories to
another's. Whose a directory in it is, those say who need it (`nlan.runtimes.base.NodeDirectory`).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from nlan.paths import Paths, file_name
from nlan.runtimes.base import NodeDirectory
from nlan.runtimes.netns import pins
from nlan.runtimes.netns.kernel import syscalls
from nlan.runtimes.netns.kernel.threads import in_thread


class NodeFiles:
    """The run directories of one lab's nodes."""

    def __init__(self, paths: Paths, lab: str, directories: Sequence[NodeDirectory] = ()) -> None:
        """Take where they are, and what each has."""
        self.paths, self.lab, self._directories = paths, lab, directories

    @property
    def hosts(self) -> Path:
        """The file that is /etc/hosts in all nodes of the lab."""
        return self.paths.lab(self.lab) / "hosts"

    def path(self, namespace: str) -> Path:
        """Return the node's run directory; looking makes nothing."""
        return self.paths.node(self.lab, namespace)

    def stem(self, namespace: str) -> str:
        """Return the beginning of the names of the files that its other namespaces are bound to."""
        return f"{self.paths.lab(self.lab)}/ns/{file_name(namespace)}"

    def make(self, namespace: str) -> Path:
        """Return the node's run directory, made with what is bound from it if it is not there."""
        directory = self.path(namespace)
        if not directory.exists() or not self._is_complete(directory):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            directory.chmod(0o700)  # a former version let everybody in
            lacking = [one for one in self._directories if not (directory / one.name).exists()]
            for one in self._directories:
                (directory / one.name).mkdir(mode=0o755, exist_ok=True)
                _give(directory / one.name, one.owner)
            self._bind_late(namespace, lacking)
        return directory

    def _is_complete(self, directory: Path) -> bool:
        """Tell whether all is there and given away; nlan may have been killed in between."""
        return all(_is_given(directory / one.name, one.owner) for one in self._directories)

    def bind(self, namespace: str) -> None:
        """Let the calling thread's mount namespace show what is the node's where its programs look."""
        _bind([(self.hosts, Path("/etc/hosts")), *self._binds(namespace, self._directories)])

    def _binds(self, namespace: str, directories: Iterable[NodeDirectory]) -> list[tuple[Path, Path]]:
        return [(self.path(namespace) / one.name, one.target) for one in directories]

    def _bind_late(self, namespace: str, directories: Sequence[NodeDirectory]) -> None:
        """Bind directories in a mount namespace that is there already: it was made with fewer."""
        pin = f"{self.stem(namespace)}.mnt"
        if not directories or not pins.is_pin(pin, pins.namespace_device()):
            return
        node = os.open(pin, os.O_RDONLY | os.O_CLOEXEC)

        def work() -> None:
            syscalls.unshare(syscalls.CLONE_FS)
            syscalls.setns(node, syscalls.CLONE_NEWNS)
            _bind(self._binds(namespace, directories))

        try:
            in_thread(work)
        finally:
            os.close(node)

    def prepare(self) -> None:
        """Make what is bound over and bound from: the hosts file, and what programs lack on this machine."""
        if not self.hosts.exists():
            self.hosts.write_text("127.0.0.1 localhost\n", encoding="utf-8")
        for one in self._directories:
            if one.made_beside is not None and one.made_beside.is_dir() and not one.target.is_dir():
                pins.note(self.paths, one.name, one.target)
                one.target.mkdir(mode=0o755, exist_ok=True)
                _give(one.target, one.owner)


def _bind(places: Iterable[tuple[Path, Path]]) -> None:
    """Bind the first over the second, where the machine has that."""
    for here, there in places:
        if there.exists():
            syscalls.mount(str(here), str(there), None, syscalls.MS_BIND)


def _is_given(directory: Path, owner: str) -> bool:
    """Tell whether it is there, and not root's any more where it is somebody's."""
    try:
        return os.stat(directory).st_uid != 0 or not owner
    except FileNotFoundError:
        return False


def _give(directory: Path, owner: str) -> None:
    if owner and (found := _ids(owner)) is not None:
        os.chown(directory, *found, follow_symlinks=False)


@functools.cache
def _ids(user: str) -> tuple[int, int] | None:
    """Return a user's number and group, None where the machine has no such user."""
    import pwd

    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return None
    return entry.pw_uid, entry.pw_gid
