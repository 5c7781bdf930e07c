"""`nlan edit`: the running lab's state in an editor."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

import msgspec

from nlan.api.changes import edited
from nlan.cli.changing import change_lab
from nlan.cli.output import say
from nlan.errors import HostError, InputError, NotFoundError
from nlan.model import Lab
from nlan.schema.written.dump import to_yaml
from nlan.secrets import Marks
from nlan.state import LabState


def run(arguments: Namespace) -> int:
    """Open the lab (or one node of it) in $EDITOR, and apply what comes back.

    A text that is not applied, for whatever reason, is kept, so that no work is lost.
    """
    descriptor, name = tempfile.mkstemp(prefix="nlan-edit-", suffix=".yaml")
    os.close(descriptor)
    path, shown = Path(name), b""

    def changed(state: LabState, lab: Lab) -> Lab:
        nonlocal shown
        marks = None if arguments.secrets else Marks()
        shown = _shown(lab, arguments.node, marks).encode()
        path.write_bytes(shown)
        while True:
            _edit(path)
            try:
                return edited(lab, _text(path), node=arguments.node, file=name, marks=marks)
            except InputError as error:
                if not _is_at_terminal():
                    raise
                if not _wants_to_mend(error):
                    raise InputError("the edited text is not applied; nothing was touched") from error

    applied = False
    try:
        what = f"edit {arguments.node or 'the lab'}"
        code = change_lab(arguments, changed, message=what, again=False)
        applied = code == 0 and not arguments.dry_run
    finally:
        if not applied and path.exists() and path.read_bytes() != shown:
            say(f"the edited text is kept in {name}")
        else:
            path.unlink(missing_ok=True)
    return code


def _wants_to_mend(error: InputError) -> bool:
    """Say what is wrong; tell whether the person at the terminal wants to open the text again."""
    for problem in error.problems:
        say(str(problem))
    say("Enter opens it again, q gives up")
    return sys.stdin.readline().strip().lower() not in ("q", "quit", "n", "no")


def _is_at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _shown(lab: Lab, node: str | None, marks: Marks | None) -> str:
    if node is not None:
        lab = _alone(lab, node)
    text = to_yaml(lab, marks.conceal if marks else None)
    return text if marks is None or "<secret " not in text else SECRETS + text


SECRETS = "# `<secret 1>` stands for a key that is not shown: it may stay, move, or give way to another.\n"


def _alone(lab: Lab, node: str) -> Lab:
    if all(one.name != node for one in lab.nodes):
        raise NotFoundError(f"{node}: no such node")
    return msgspec.structs.replace(lab, nodes=(lab.node(node),), links=(), lans=(), underlay=None)


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
