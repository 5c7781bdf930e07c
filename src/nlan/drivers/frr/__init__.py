"""FRR's daemons: the only part that knows their sockets, files and words."""

from nlan.drivers.frr.driver import FrrDriver
from nlan.drivers.frr.sessions import OspfNeighbor, parse_log

__all__ = ["FrrDriver", "OspfNeighbor", "parse_log"]
