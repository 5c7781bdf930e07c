"""The programs of the distribution; where a library of theirs is missing, they name what to install."""

from __future__ import annotations

import sys
from importlib import import_module


def server() -> int:
    """Run `tega-server`."""
    return _run("tega-server", "tega.server.main", "server")


def cli() -> int:
    """Run `tega-cli`."""
    return _run("tega-cli", "tega.shell.main", "shell")


def _run(program: str, module: str, extra: str) -> int:
    try:
        code: int = import_module(module).main()
    except ModuleNotFoundError as error:
        library = (error.name or "tega").partition(".")[0]
        if library == "tega":
            raise
        sys.stderr.write(f"{program}: {library} is not installed: pip install 'tega[{extra}]'\n")
        return 1
    return code
