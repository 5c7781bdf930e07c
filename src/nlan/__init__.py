"""One file describes a network; nlan builds it from lightweight containers and keeps it so.

The library's face; names load when used::

    lab = nlan.Lab.from_file("lab.yaml")
    lab.up()
    lab.ping().ok
    lab.down()

`nlan.api` has the rest: what the methods return and take. docs/api.md tells of all.
"""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["Environment", "Lab", "Listener", "NlanError", "labs"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nlan.api import Environment, Lab, Listener, labs
    from nlan.errors import NlanError

_HOME = {
    "Environment": "nlan.api.environment",
    "Lab": "nlan.api.lab",
    "Listener": "nlan.api.listener",
    "NlanError": "nlan.errors",
    "labs": "nlan.api.lab",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'nlan' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
