"""BIRD 2: one process that speaks BGP and OSPF, and holds static routes."""

from nlan.engines.bird.engine import ENGINE

__all__ = ["ENGINE"]
