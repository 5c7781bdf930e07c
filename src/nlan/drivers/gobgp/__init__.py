"""GoBGP: the only part that knows its file, its signals and its tool."""

from nlan.drivers.gobgp.driver import GobgpDriver

__all__ = ["GobgpDriver"]
