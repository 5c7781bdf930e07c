"""Where nodes live: a folder for each way to have some (`nlan.runtimes.base`)."""

from nlan.paths import Paths
from nlan.runtimes.base import Completed
from nlan.runtimes.netns.lock import leave_host, lock_holder
from nlan.runtimes.netns.runtime import NetnsRuntime, labs

__all__ = ["Completed", "NetnsRuntime", "Paths", "labs", "leave_host", "lock_holder"]
