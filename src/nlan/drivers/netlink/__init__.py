"""The kernel's links, addresses, forwarding entries and routes over netlink, and their events."""

from nlan.drivers.netlink.driver import NetlinkDriver
from nlan.drivers.netlink.watch import RouteWatcher, Watcher

__all__ = ["NetlinkDriver", "RouteWatcher", "Watcher"]
