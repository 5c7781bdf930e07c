"""`nlan export`: a lab as another tool's files."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path, PurePosixPath

from nlan.api import Exported, Lab, formats
from nlan.cli.output import paint, print_json, say, table
from nlan.cli.terminal import Terminal, told
from nlan.errors import HostError, InputError

ALONE = PurePosixPath("-")
"""What a text is named that stands alone."""


def run(arguments: Namespace) -> int:
    """Print what a lab becomes, or write it where that is asked for; without a format, list the formats."""
    if arguments.format is None:
        found = formats()
        print_json(found) if arguments.json else print(table(("FORMAT", "WHAT IT IS"), found.items()))
        return 0
    exported = _lab(arguments).export(arguments.format)
    for sentence in exported.left_out:
        say(f"{paint('left out:', 'yellow', sys.stderr)} {sentence}")
    if arguments.output is not None:
        _write(exported, Path(arguments.output))
    elif arguments.json:
        print_json(_value(exported))
    elif list(exported.files) == [ALONE]:
        print(exported.files[ALONE], end="")
    else:
        count = len(exported.files)
        raise InputError(f"{arguments.format} is {count} files: say which folder takes them, `-o FOLDER`")
    return 0


def _lab(arguments: Namespace) -> Lab:
    """Return the lab of a file, or one that is known by its name."""
    listener, source = Terminal(arguments), arguments.what
    if source is not None and os.path.exists(source):
        return Lab.from_file(source, name=arguments.lab, told=told(arguments), listener=listener)
    return Lab.find(arguments.lab if source is None else source, running=False, listener=listener)


def _value(exported: Exported) -> dict[str, object]:
    files = {str(path): text for path, text in exported.files.items()}
    return {"files": files, "left_out": list(exported.left_out)}


def _write(exported: Exported, target: Path) -> None:
    """Write a text that stands alone to that file, others into that folder.

    Raises:
        HostError: That cannot be done.
    """
    try:
        for path, text in exported.files.items():
            file = target if path == ALONE else target / path
            if ".." in path.parts or path.is_absolute():
                raise HostError(f"{path} is not in {target}; nothing is written there")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise HostError(f"{error.filename}: {error.strerror}") from error
