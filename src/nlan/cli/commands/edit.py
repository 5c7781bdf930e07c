"""`nlan edit`: the running lab's state in an editor."""

from __future__ import annotations

import os
import tempfile
from argparse import Namespace
from pathlib import Path

import msgspec

from nlan.cli.changing import change_lab
from nlan.control.changes import checked, from_text
from nlan.errors import HostError, NotFoundError
from nlan.model import Lab
from nlan.schema import to_yaml
from nlan.state import LabState


def run(arguments: Namespace) -> int:
    """Open the lab (or one node of it) in $EDITOR, and apply what comes back."""

    def changed(state: LabState, lab: Lab) -> Lab:
        return _edited(lab, arguments.node)

    return change_lab(arguments, changed, message=f"edit {arguments.node or 'the lab'}")


def _edited(lab: Lab, node: str | None) -> Lab:
    if node is None:
        return from_text(_edit(to_yaml(lab)))
    if all(one.name != node for one in lab.nodes):
        raise NotFoundError(f"{node}: no such node")
    alone = msgspec.structs.replace(lab, nodes=(lab.node(node),), links=(), lans=(), underlay=None)
    text = _edit(to_yaml(alone))
    (new,) = from_text(text).nodes
    nodes = tuple(new if one.name == node else one for one in lab.nodes)
    return checked(msgspec.structs.replace(lab, nodes=nodes))


def _edit(text: str) -> str:
    import shlex
    import subprocess

    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "lab.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            code = subprocess.run([*shlex.split(editor), str(path)], check=False).returncode
        except OSError as error:
            raise HostError(f"{editor}: cannot be started: {error.strerror}; set EDITOR") from error
        if code != 0:
            raise HostError(f"{editor} ended with exit code {code}; nothing was touched")
        return path.read_text(encoding="utf-8")
