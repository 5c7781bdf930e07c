"""The directories of FRR's that each node has of its own.

They belong to its user, the same one in all nodes, but for that of the logs: FRR opens these as root,
through whatever stands there.
"""

from __future__ import annotations

from pathlib import Path

from nlan.runtimes.base import NodeDirectory

USER = "frr"
_INSTALLED = Path("/etc/frr")

DIRECTORIES = (
    NodeDirectory("log-frr", Path("/var/log/frr"), made_beside=_INSTALLED),
    NodeDirectory("etc-frr", Path("/etc/frr"), USER),
    NodeDirectory("lib-frr", Path("/var/lib/frr"), USER),
    NodeDirectory("run-frr", Path("/run/frr"), USER, _INSTALLED),
    NodeDirectory("tmp-frr", Path("/var/tmp/frr"), USER, _INSTALLED),
)
