"""FRR's daemons: the only part that knows their sockets, files and words."""

from nlan.engines.frr.run.driver import FrrDriver
from nlan.engines.frr.run.sessions import parse_log

__all__ = ["FrrDriver", "parse_log"]
