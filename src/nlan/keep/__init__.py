"""Keeping a lab as it shall be: events in, repairs and operational state out.

Everything is driven by events of the kernel, of the daemons' processes and logs, and of the lab's
database; what has no event (a few kernel switches) is looked at in small portions once per second.
"""

from nlan.api.events.reports import Report, Tell
from nlan.api.upkeep.pidfile import Pidfile
from nlan.keep.keeper import TAKEN_DOWN, Keeper

__all__ = ["TAKEN_DOWN", "Keeper", "Pidfile", "Report", "Tell"]
