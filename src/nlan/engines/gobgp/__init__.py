"""GoBGP: one process that speaks BGP, and nothing but BGP."""

from nlan.engines.gobgp.engine import ENGINE

__all__ = ["ENGINE"]
