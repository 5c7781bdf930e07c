"""FRR's daemons: the only part that knows their sockets, files and words."""

from nlan.drivers.frr.driver import FrrDriver
from nlan.drivers.frr.sessions import BgpSession, LogEvent, OspfNeighbor, parse_log

__all__ = ["BgpSession", "FrrDriver", "LogEvent", "OspfNeighbor", "parse_log"]
