"""One file describes a network; nlan builds it from lightweight containers and keeps it so.

The library's face; names load when used::

    loaded = nlan.load(Path("lab.yaml"))          # a file becomes a lab, or InputError with all problems
    plan = nlan.plan(nlan.expand(loaded.lab), {})  # what would be done where nothing is there
    nlan.expectation(loaded.lab)                  # what routing comes to
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nlan.errors import NlanError as NlanError
    from nlan.expand import expand as expand
    from nlan.expect import expectation as expectation
    from nlan.model import Lab as Lab
    from nlan.plan import plan as plan
    from nlan.schema import load as load

_HOME = {
    "Lab": "nlan.model",
    "NlanError": "nlan.errors",
    "expand": "nlan.expand",
    "expectation": "nlan.expect",
    "load": "nlan.schema",
    "plan": "nlan.plan",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'nlan' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
