"""Keeping a lab as it shall be: events in, repairs and operational state out.

Everything is driven by events of the kernel, of the daemons' processes and logs, and of the lab's
database; what has no event (a few kernel switches) is looked at in small portions once per second.
"""

from nlan.keep.keeper import Keeper
from nlan.keep.notes import Note, Tell
from nlan.keep.sources import Sources

__all__ = ["Keeper", "Note", "Sources", "Tell"]
