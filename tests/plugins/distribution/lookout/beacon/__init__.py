"""A routing engine that speaks to nobody: it holds a router's configuration, and tells it to who asks."""

from lookout.beacon.engine import ENGINE

__all__ = ["ENGINE"]
