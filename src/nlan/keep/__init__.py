"""Keeping a lab as it shall be: events in, repairs and operational state out.

Everything is driven by events of the kernel, of the daemons' processes and logs, and of the lab's
database; what has no event (a few kernel switches) is looked at in small portions once per second.
"""

from nlan.keep.session import Session

__all__ = ["Session"]
