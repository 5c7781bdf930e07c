"""What every test relies on."""

from __future__ import annotations

import gc
import os
import signal

from expected_skips import pytest_addoption, pytest_sessionfinish

__all__ = ["pytest_addoption", "pytest_sessionfinish"]


def pytest_configure() -> None:
    """Give what tests start the signals and the environment that users have.

    Ctrl-C reaches it, also where a script runs the tests in its background; Python buffers and keeps
    bytecode, whatever this machine says.
    """
    for name in ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Spare the garbage collector the tests themselves, which live as long as the run."""
    gc.freeze()
