"""Where nlan keeps things on the machine."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import NamedTuple


class Paths(NamedTuple):
    """The directories nlan works in; tests move them by environment variables.

    Attributes:
        run: What lives until the next boot: pins, run directories, locks (``NLAN_RUN_DIR``).
        netns: Where ``ip netns`` looks for namespaces (``NLAN_NETNS_DIR``).
        state: What outlives a boot: the labs' databases (``NLAN_STATE_DIR``).
        cgroup: Where cgroups are mounted (``NLAN_CGROUP_DIR``).
    """

    run: Path = Path("/run/nlan")
    netns: Path = Path("/run/netns")
    state: Path = Path("/var/lib/nlan")
    cgroup: Path = Path("/sys/fs/cgroup")

    @classmethod
    def from_environment(cls) -> Paths:
        """Return the usual directories, or those the environment names."""
        names = {
            "run": "NLAN_RUN_DIR",
            "netns": "NLAN_NETNS_DIR",
            "state": "NLAN_STATE_DIR",
            "cgroup": "NLAN_CGROUP_DIR",
        }
        given = {field: Path(os.environ[v]) for field, v in names.items() if os.environ.get(v)}
        return cls(**{field: path.absolute() for field, path in given.items()})  # nlan keep goes to /

    def lab(self, lab: str) -> Path:
        """Return the lab's run directory."""
        return self.run / lab

    def node(self, lab: str, namespace: str) -> Path:
        """Return the run directory of a node or host of the lab."""
        return below(self.run, lab, "nodes", file_name(namespace))

    def pin(self, lab: str, namespace: str) -> Path:
        """Return where the network namespace is pinned: for nodes and hosts where ``ip netns`` looks."""
        if namespace.startswith("@"):
            return below(self.run, lab, "ns", namespace)
        return below(self.netns, f"{lab}.{file_name(namespace)}")


@functools.lru_cache(maxsize=1 << 13)
def below(directory: Path, *names: str) -> Path:
    """Return the path of these names below a directory; asked again, the same one, which knows its text."""
    return directory.joinpath(*names)


def file_name(namespace: str) -> str:
    """Return the file name for a namespace: ``ce1/172.21.1.2`` becomes ``ce1.172.21.1.2``."""
    return namespace.replace("/", ".", 1)


def namespace_name(file_name: str) -> str:
    """Return the namespace for a file name; node names have no dot, so the first one parts them."""
    return file_name.replace(".", "/", 1)
