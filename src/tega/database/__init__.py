"""The embedded database: plain code over a log, for any number of threads and processes."""

from tega.database.database import Database, open_database

__all__ = ["Database", "open_database"]
