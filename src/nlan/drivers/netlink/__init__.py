"""The kernel's links, addresses, forwarding entries and routes over netlink, and their events."""

from nlan.drivers.netlink.driver import NetlinkDriver

__all__ = ["NetlinkDriver"]
