"""The directory of BIRD's that each node has of its own: birdc finds the node's BIRD in it."""

from __future__ import annotations

from pathlib import Path

from nlan.runtimes.base import NodeDirectory

RUN = NodeDirectory("run-bird", Path("/run/bird"), made_beside=Path("/etc/bird"))
