"""Where a lab's cgroups stand: at the root of version 2, or of each hierarchy of version 1.

Version 1 may have put nlan itself into a cgroup of a controller: somebody limits it there. The lab's
cgroups are then made below that one, so that nobody's limit is lifted, yet only where the operator
has said so (``NLAN_CGROUP_NEST=1``): whoever manages that cgroup may count on being alone in it, end
only what stands in it directly, and fail to remove it as long as the lab is up. Where they went is
written down in the lab's run directory, for commands that come from elsewhere: these may read, change
and remove them, but a process leaves a cgroup that confines it for one elsewhere only with the same word.
"""

from __future__ import annotations

import os
from pathlib import Path

from nlan.paths import below

CONTROLLERS = ("memory", "cpu", "pids")
PERMISSION = "NLAN_CGROUP_NEST"
"""The environment variable that allows cgroups below the caller's own."""


class Hierarchies:
    """The directories below which ``nlan/LAB/NODE`` is, by controller."""

    def __init__(
        self, root: Path, record: Path | None = None, own: str | None = None, nest: bool | None = None
    ) -> None:
        """Find out which version there is.

        Args:
            root: Usually /sys/fs/cgroup.
            record: The file that says where the lab's cgroups are, if not in the usual place.
            own: What /proc/self/cgroup says; read when not given.
            nest: Whether cgroups may be made below the caller's own; the environment's word when not given.
        """
        self.root = root
        self.unified = (root / "cgroup.controllers").exists()
        self._record, self._own, self._own_paths = record, own, dict[str, str]()
        self._nest = os.environ.get(PERMISSION) == "1" if nest is None else nest

    def base(self, controller: str) -> Path:
        """Return the directory below which the lab's cgroups of a controller are or would be."""
        if self.unified:
            return self.root
        inside = self._find_recorded(controller) or self._own_path(controller)
        return below(self.root, controller, inside.strip("/"))

    def why_not(self, controller: str) -> str | None:
        """Return why a controller cannot be used, None if it can."""
        mount = self.root if self.unified else self.root / controller
        if not (mount / "cgroup.procs").exists():
            return f"the {controller} controller is not mounted at {mount}"
        base = self.base(controller)
        nested = not self.unified and base != mount and self._find_recorded(controller) is None
        if nested and (reason := self._why_not_nested(controller, base)) is not None:
            return reason
        if not os.access(base, os.W_OK):
            return f"{base} is not writable"
        return _why_not_handed_down(base, controller) if self.unified else None

    def _why_not_nested(self, controller: str, base: Path) -> str | None:
        own = self._own_path(controller)
        if not self._nest:
            return (
                f"nlan itself is confined to {controller} cgroup {own}, and does not move out of it; "
                f"{PERMISSION}=1 lets it make the nodes' cgroups below"
            )
        if not (base / "cgroup.procs").exists():
            return f"nlan itself is confined to {controller} cgroup {own}, which is not visible at {base}"
        if controller == "memory" and _first_line(base / "memory.use_hierarchy") == "0":
            return f"{base}/memory.use_hierarchy is 0: what is below would escape the limit of {own}"
        return None

    def note(self, controller: str) -> None:
        """Write down where the cgroups of a controller are, before the first is made there."""
        if self.unified or self._record is None or self._find_recorded(controller) is not None:
            return
        inside = self.base(controller).relative_to(self.root / controller)
        with open(self._record, "a", encoding="utf-8") as record:
            record.write(f"{controller} /{'' if inside == Path() else inside}\n")

    def why_not_join(self, controller: str) -> str | None:
        """Return why what nlan starts may not join the lab's cgroups of version 1, None if it may."""
        own = self._own_path(controller).strip("/")
        base = self.base(controller)
        if self._nest or base.is_relative_to(self.root / controller / own):
            return None
        return (
            f"its {controller} cgroup is below {base}, outside of /{own}, which confines nlan itself; "
            f"{PERMISSION}=1 lets it go there"
        )

    def _find_recorded(self, controller: str) -> str | None:
        """Return where the lab's cgroups were put; what has gone since does not count.

        Read each time: another nlan may have removed the lab and made it again elsewhere.
        """
        path = self._read_record().get(controller)
        there = path is not None and (self.root / controller / path.strip("/")).is_dir()
        return path if there else None

    def _read_record(self) -> dict[str, str]:
        try:
            text = "" if self._record is None else self._record.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        rows = (line.partition(" ") for line in text.splitlines())
        return {controller: path for controller, _, path in rows}

    def _own_path(self, controller: str) -> str:
        if controller not in self._own_paths:
            self._own_paths[controller] = self._read_own_path(controller)
        return self._own_paths[controller]

    def _read_own_path(self, controller: str) -> str:
        if self._own is None:
            self._own = Path("/proc/self/cgroup").read_text(encoding="utf-8")
        for line in self._own.splitlines():
            _, names, path = line.split(":", 2)
            if controller in names.split(","):
                return path if path == "/" else _relative(path, self.root / controller)
        return "/"


def _relative(path: str, mount: Path) -> str:
    """Return a cgroup's path below what is mounted: a container sees its own cgroup as the root."""
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        shown, point = line.split()[3:5]
        if point == str(mount) and (path == shown or path.startswith(f"{shown.rstrip('/')}/")):
            return path[len(shown.rstrip("/")) :] or "/"
    return path


def _why_not_handed_down(base: Path, controller: str) -> str | None:
    """Return why version 2 hands no controller down; in all but its very root, processes are in the way."""
    if controller not in _words(base / "cgroup.controllers"):
        return f"the kernel offers no {controller} controller in {base}"
    if not (base / "cgroup.type").exists() or controller in _words(base / "cgroup.subtree_control"):
        return None
    if _words(base / "cgroup.procs"):
        return f"{base} hands no {controller} controller down as long as processes stand in it"
    return None


def _words(path: Path) -> list[str]:
    return path.read_text(encoding="ascii").split()


def _first_line(path: Path) -> str:
    return path.read_text(encoding="ascii").partition("\n")[0] if path.exists() else ""
