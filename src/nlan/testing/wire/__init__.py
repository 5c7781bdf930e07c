"""The fake kernel's end of a route socket, a file per subject: requests taken apart, what is listed.

Strict: a type, flag or attribute that is new here raises `UnexpectedError`, for nobody has compared
what Linux makes of it with what the fake would.
"""

from nlan.testing.wire.server import RouteServer

__all__ = ["RouteServer"]
