"""Cgroups of nodes: ``nlan/LAB/NODE`` in version 2, or in version 1's hierarchies one by one.

A node's processes are always put into one cgroup that tracks them, and into a controller's cgroup
of version 1 only once a limit of that controller is set. Where these stand is `hierarchies`' matter.
Where cgroups cannot be written, nodes run without; only a limit is an error then.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from nlan.errors import HostError
from nlan.paths import below, file_name
from nlan.runtimes.netns.limits.hierarchies import CONTROLLERS, Hierarchies

PERIOD_US = 100_000
"""The period that a processor limit is counted in."""
_UNLIMITED_V1 = 1 << 60
"""Version 1 prints no limit as the largest number of pages in bytes; anything above this is that."""

Limits = dict[str, float]
"""``memory`` in bytes, ``cpu`` in processors, ``pids``; what is missing is not limited."""


class Cgroups:
    """The cgroups of one lab."""

    def __init__(
        self,
        root: Path,
        lab: str,
        record: Path | None = None,
        *,
        own: str | None = None,
        nest: bool | None = None,
    ) -> None:
        """Find out what is there; see `Hierarchies` for all but the lab."""
        self.root, self.lab = root, lab
        self._hierarchies = Hierarchies(root, record, own, nest)
        self.unified = self._hierarchies.unified

    @property
    def tracking(self) -> Path | None:
        """Where the cgroups stand that know every process of a node; None where there are none."""
        for base in (self.root, self.root / "unified"):
            if (base / "cgroup.controllers").exists() and os.access(base, os.W_OK):
                return base
        return self._hierarchies.base("pids") if self.why_not("pids") is None else None

    def join(self, namespace: str, pid: int) -> None:
        """Put a process into the node's cgroup, and into those of the controllers that limit the node."""
        tracked = self._make_tracked(namespace)
        if tracked is None:
            return
        for directory in {tracked, *self._limited(namespace)}:
            _write(directory / "cgroup.procs", str(pid))

    def _make_tracked(self, namespace: str) -> Path | None:
        """Make the node's cgroup that tracks it."""
        base = self.tracking
        if base is None:
            return None
        if base.is_relative_to(self.root / "pids"):
            self._hierarchies.note("pids")
        directory = self._directory(base, namespace)
        _make(directory)
        return directory

    def prepare(self, namespace: str) -> int:
        """Make ready that what the calling thread starts is in the node's cgroups from its first moment.

        In version 1 the thread itself joins them; it counts as long as it lives. In version 2 only whole
        processes can: of the cgroup there a descriptor is returned, to start the program in, -1 of none.
        """
        tracked = self._make_tracked(namespace)
        threaded = tracked is not None and (tracked / "tasks").exists()
        for directory in {*self._limited(namespace), *((tracked,) if tracked and threaded else ())}:
            _write(directory / "tasks", "0")
        if tracked is None or threaded:
            return -1
        return os.open(tracked, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def _limited(self, namespace: str) -> list[Path]:
        """Return the node's cgroups in the hierarchies of version 1 that have one, for processes to join.

        Raises:
            HostError: Joining one would lift the limit that somebody has put on nlan itself.
        """
        if self.unified:
            return []
        found = {c: self._directory(self._hierarchies.base(c), namespace) for c in CONTROLLERS}
        limited = {controller: directory for controller, directory in found.items() if directory.is_dir()}
        for controller in limited:
            if (reason := self._hierarchies.why_not_join(controller)) is not None:
                raise HostError(f"{namespace}: {reason}")
        return list(limited.values())

    def processes(self, namespace: str) -> list[int]:
        """Return the processes in the node's cgroup."""
        tracking = self.tracking
        if tracking is None:
            return []
        path = self._directory(tracking, namespace) / "cgroup.procs"
        try:
            return [int(line) for line in path.read_text(encoding="ascii").split()]
        except OSError as failure:
            if failure.errno in (errno.ENOENT, errno.ENODEV):
                return []
            raise

    def namespaces(self) -> list[str]:
        """Return the file names of the nodes that have a cgroup of any kind."""
        return sorted({path.name for base in self._bases() for path in _children(base / "nlan" / self.lab)})

    def limits(self, namespace: str) -> Limits:
        """Return the limits that are set."""
        values = {c: self._read_limit(c, namespace) for c in CONTROLLERS}
        return {controller: value for controller, value in values.items() if value is not None}

    def set_limits(self, namespace: str, limits: Limits) -> None:
        """Set the limits of a node, for what runs in it too; what `limits` leaves out becomes unlimited.

        Raises:
            HostError: A controller that a limit needs cannot be used here.
        """
        for controller in CONTROLLERS:
            value = limits.get(controller)
            if value is not None or self._read_limit(controller, namespace) is not None:
                self._set_limit(controller, namespace, value)

    def remove(self, namespace: str) -> None:
        """Remove the node's cgroups; their processes must be gone."""
        for base in self._bases():
            _remove(self._directory(base, namespace))

    def remove_lab(self) -> None:
        """Remove all of the lab's cgroups, and nlan's own where no lab is left."""
        for base in self._bases():
            for child in _children(base / "nlan" / self.lab):
                _remove(child)
            _remove(base / "nlan" / self.lab)
            _remove(base / "nlan")

    def _bases(self) -> list[Path]:
        if self.unified:
            return [self.root]
        usable = [self._hierarchies.base(c) for c in CONTROLLERS if self.why_not(c) is None]
        tracking = self.tracking
        return usable if tracking is None or tracking in usable else [*usable, tracking]

    def _directory(self, base: Path, namespace: str) -> Path:
        return below(base, "nlan", self.lab, file_name(namespace))

    def why_not(self, controller: str) -> str | None:
        """Return why a controller cannot be used, None if it can."""
        return self._hierarchies.why_not(controller)

    def _set_limit(self, controller: str, namespace: str, value: float | None) -> None:
        if (reason := self.why_not(controller)) is not None:
            raise HostError(f"{namespace}: its {controller} limit cannot be set: {reason}")
        base = self._hierarchies.base(controller)
        directory = self._directory(base, namespace)
        try:
            self._hierarchies.note(controller)
            _make(directory)
            if self.unified:
                _enable(base, directory, controller)
            for name, text in _limit_files(controller, value, unified=self.unified):
                (directory / name).write_text(text, encoding="ascii")
            if not self.unified:
                _move_all(self.processes(namespace), directory)
        except OSError as failure:
            words = f"{failure.strerror} ({failure.filename})"
            raise HostError(f"{namespace}: its {controller} limit cannot be set: {words}") from failure

    def _read_limit(self, controller: str, namespace: str) -> float | None:
        directory = self._directory(self._hierarchies.base(controller), namespace)
        try:
            if controller == "cpu" and not self.unified:
                period = int((directory / "cpu.cfs_period_us").read_text(encoding="ascii"))
                quota = int((directory / "cpu.cfs_quota_us").read_text(encoding="ascii"))
                return None if quota < 0 else quota / period
            name = _limit_files(controller, None, unified=self.unified)[0][0]
            words = (directory / name).read_text(encoding="ascii").split()
        except FileNotFoundError:
            return None
        if words[0] == "max" or not 0 <= int(words[0]) < _UNLIMITED_V1:
            return None
        return int(words[0]) / int(words[1]) if len(words) == 2 else int(words[0])


def _limit_files(controller: str, value: float | None, *, unified: bool) -> list[tuple[str, str]]:
    """Return files of the controller and what to write into each; a value of None lifts the limit."""
    if controller == "cpu":
        quota = None if value is None else max(1000, round(value * PERIOD_US))
        if unified:
            return [("cpu.max", f"{'max' if quota is None else quota} {PERIOD_US}")]
        return [
            ("cpu.cfs_period_us", str(PERIOD_US)),
            ("cpu.cfs_quota_us", str(-1 if quota is None else quota)),
        ]
    if controller == "memory" and not unified:
        return [("memory.limit_in_bytes", str(-1 if value is None else int(value)))]
    return [(f"{controller}.max", "max" if value is None else str(int(value)))]


def _enable(base: Path, directory: Path, controller: str) -> None:
    """Hand the controller down from the root of version 2 to the node's cgroup."""
    for parent in reversed([path for path in directory.parents if path == base or base in path.parents]):
        control = parent / "cgroup.subtree_control"
        if controller not in control.read_text(encoding="ascii").split():
            control.write_text(f"+{controller}", encoding="ascii")


def _move_all(pids: Iterable[int], directory: Path) -> None:
    for pid in pids:
        _write(directory / "cgroup.procs", str(pid))


def _make(directory: Path) -> None:
    for _ in range(8):
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except FileNotFoundError:
            continue  # another lab's nlan removed the empty parent in between
        return
    raise HostError(f"{directory}: cannot be made; something keeps removing what it stands in")


def _write(path: Path, text: str) -> None:
    """Write; a process that has ended meanwhile is nobody's failure."""
    try:
        path.write_text(text, encoding="ascii")
    except ProcessLookupError:
        return


def _children(directory: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(directory) if entry.is_dir()]
    except FileNotFoundError:
        return []


def _remove(directory: Path) -> None:
    try:
        directory.rmdir()
    except OSError as failure:
        if failure.errno not in (errno.ENOENT, errno.EBUSY, errno.ENOTEMPTY, errno.EROFS, errno.EACCES):
            raise
