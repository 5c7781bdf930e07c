"""GoBGP: the only part that knows its file, its signals and its tool."""

from nlan.engines.gobgp.driver import GobgpDriver

__all__ = ["GobgpDriver"]
