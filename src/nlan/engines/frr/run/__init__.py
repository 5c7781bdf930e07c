"""FRR's daemons: the only part that knows their sockets, files and words."""

from nlan.engines.frr.run.driver import FrrDriver
from nlan.engines.frr.run.sessions import OspfNeighbor, parse_log

__all__ = ["FrrDriver", "OspfNeighbor", "parse_log"]
