"""Where nodes live: namespaces of this machine (`NetnsRuntime`)."""

from nlan.runtimes.netns.launch import Completed
from nlan.runtimes.netns.lock import leave_host, lock_holder
from nlan.runtimes.netns.paths import Paths
from nlan.runtimes.netns.runtime import NetnsRuntime, labs

__all__ = ["Completed", "NetnsRuntime", "Paths", "labs", "leave_host", "lock_holder"]
