"""A versioned tree of documents: transactions, history, watching, roll-back.

``open_database`` opens a directory for plain code, ``open_store`` gives
the async face of the same thing. Names are loaded when first used, so
that importing the package costs nothing.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tega.aio.store import open_store as open_store
    from tega.api import ABSENT as ABSENT
    from tega.api import MISSING as MISSING
    from tega.api import Change as Change
    from tega.api import Commit as Commit
    from tega.api import Difference as Difference
    from tega.api import Entry as Entry
    from tega.api import Op as Op
    from tega.database.database import Database as Database
    from tega.database.database import open_database as open_database
    from tega.database.repair import restore as restore
    from tega.database.repair import salvage as salvage
    from tega.database.repair import set_aside as set_aside
    from tega.errors import StoreError as StoreError
    from tega.paths import format_path as format_path
    from tega.paths import parse_path as parse_path

_HOME = {
    "ABSENT": "api",
    "MISSING": "api",
    "Change": "api",
    "Commit": "api",
    "Difference": "api",
    "Entry": "api",
    "Op": "api",
    "Database": "database.database",
    "open_database": "database.database",
    "StoreError": "errors",
    "format_path": "paths",
    "parse_path": "paths",
    "salvage": "database.repair",
    "restore": "database.repair",
    "set_aside": "database.repair",
    "open_store": "aio.store",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'tega' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"tega.{_HOME[name]}"), name)
    globals()[name] = value
    return value
