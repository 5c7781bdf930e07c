"""FRR: one daemon per protocol, configured by lines and changed live over their own sockets."""

from nlan.engines.frr.engine import ENGINE

__all__ = ["ENGINE"]
