"""`nlan edit`: the running lab's state in an editor."""

from __future__ import annotations

import os
import tempfile
from argparse import Namespace
from pathlib import Path

import msgspec

from nlan.cli.changing import change_lab
from nlan.cli.output import say
from nlan.control.changes import edited
from nlan.errors import HostError, InputError, NotFoundError
from nlan.model import Lab
from nlan.schema import to_yaml
from nlan.state import LabState


def run(arguments: Namespace) -> int:
    """Open the lab (or one node of it) in $EDITOR, and apply what comes back."""

    def changed(state: LabState, lab: Lab) -> Lab:
        return _edited(lab, arguments.node)

    return change_lab(arguments, changed, message=f"edit {arguments.node or 'the lab'}")


def _edited(lab: Lab, node: str | None) -> Lab:
    """Return the lab as edited; a text with errors is kept, so that no work is lost."""
    shown = lab
    if node is not None:
        if all(one.name != node for one in lab.nodes):
            raise NotFoundError(f"{node}: no such node")
        shown = msgspec.structs.replace(lab, nodes=(lab.node(node),), links=(), lans=(), underlay=None)
    descriptor, name = tempfile.mkstemp(prefix="nlan-edit-", suffix=".yaml")
    os.close(descriptor)
    path = Path(name)
    try:
        path.write_text(to_yaml(shown), encoding="utf-8")
        _edit(path)
        new = edited(lab, path.read_text(encoding="utf-8"), node=node, file=name)
    except InputError:
        say(f"the edited text is kept in {name}")
        raise
    except BaseException:
        path.unlink()
        raise
    path.unlink()
    return new


def _edit(path: Path) -> None:
    import shlex
    import subprocess

    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        code = subprocess.run([*shlex.split(editor), str(path)], check=False).returncode
    except OSError as error:
        raise HostError(f"{editor}: cannot be started: {error.strerror}; set EDITOR") from error
    if code != 0:
        raise HostError(f"{editor} ended with exit code {code}; nothing was touched")
