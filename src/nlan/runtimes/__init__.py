"""Where nodes live: namespaces of this machine (`NetnsRuntime`)."""

from nlan.runtimes.launch import Completed
from nlan.runtimes.lock import leave_host, lock_holder
from nlan.runtimes.netns import NetnsRuntime, labs
from nlan.runtimes.paths import Paths

__all__ = ["Completed", "NetnsRuntime", "Paths", "labs", "leave_host", "lock_holder"]
