"""`nlan edit`: the running lab's state in an editor."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from nlan.api.edits import by_text
from nlan.cli.output import say
from nlan.cli.terminal import change, find
from nlan.errors import HostError, InputError

if TYPE_CHECKING:
    from nlan.api import Edit, LabText, Resolved


def run(arguments: Namespace) -> int:
    """Open the lab (or one node of it) in $EDITOR, and apply what comes back."""
    return edit(
        arguments,
        lambda edit: change(find(arguments), edit, arguments),
        wants_to_mend if _is_at_terminal() else None,
    )


def edit(
    arguments: Namespace,
    apply: Callable[[Edit], int],
    wants_to_mend: Callable[[InputError], bool] | None = None,
    folder: str | None = None,
) -> int:
    """Open a text in $EDITOR, apply what comes back, and return the exit code.

    A text that is not applied, for whatever reason, is kept, so that no work is lost.

    Args:
        arguments: Those of the verb.
        apply: Carries the change out, and returns the exit code.
        wants_to_mend: Tells whether a text with mistakes is to be opened again; None where nobody is asked.
        folder: Where the text is; by default where temporary files are.
    """
    descriptor, name = tempfile.mkstemp(prefix="nlan-edit-", suffix=".yaml", dir=folder)
    os.close(descriptor)
    path, shown = Path(name), b""

    def edited(text: LabText) -> Resolved:
        nonlocal shown
        shown = text.text.encode()
        path.write_bytes(shown)
        while True:
            _edit(path)
            try:
                return text.read(_text(path), name)
            except InputError as error:
                if wants_to_mend is None:
                    raise
                if not wants_to_mend(error):
                    raise InputError("the edited text is not applied; nothing was touched") from error

    applied = False
    try:
        code = apply(by_text(edited, node=arguments.node, secrets=arguments.secrets))
        applied = code == 0 and not arguments.dry_run
    finally:
        if not applied and path.exists() and path.read_bytes() != shown:
            say(f"the edited text is kept in {name}")
        else:
            path.unlink(missing_ok=True)
    return code


def wants_to_mend(error: InputError) -> bool:
    """Say what is wrong; tell whether the person at the terminal wants to open the text again."""
    for problem in error.problems:
        say(str(problem))
    say("Enter opens it again, q gives up")
    return sys.stdin.readline().strip().lower() not in ("q", "quit", "n", "no")


def _is_at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start + 1} is not UTF-8") from error
    except OSError as error:
        raise HostError(f"{path}: {error.strerror}; nothing was touched") from error


def _edit(path: Path) -> None:
    import shlex
    import subprocess

    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    before = signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C at the terminal is the editor's
    try:
        code = subprocess.run([*shlex.split(editor), str(path)], check=False).returncode
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise HostError(f"{editor}: cannot be started: {reason}; set EDITOR") from error
    finally:
        signal.signal(signal.SIGINT, before)
    if code != 0:
        raise HostError(f"{editor} ended with exit code {code}; nothing was touched")
