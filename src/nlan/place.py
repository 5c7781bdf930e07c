"""What drivers know the nodes as (`nlan.runtimes.base.Nodes`)."""

from nlan.runtimes.base import Nodes as Place

__all__ = ["Place"]
