"""`nlan shell`: an interactive shell in a node; the prompt says where you are."""

from __future__ import annotations

import os
from argparse import Namespace

from nlan.cli.commands.inside.exec import enter
from nlan.cli.terminal import find


def run(arguments: Namespace) -> int:
    """Become a shell inside the node: bash where there is one, else the user's."""
    lab = find(arguments)
    node = lab.namespace(arguments.node)
    os.environ["NLAN_LAB"], os.environ["NLAN_NODE"] = lab.name, node
    if os.path.exists("/bin/bash"):
        os.environ["PS1"] = rf"[{lab.name} \[\e[1m\]{node}\[\e[0m\]] \w\$ "
        return enter(lab, node, ["/bin/bash", "--norc", "--noprofile", "-i"])
    os.environ["PS1"] = f"[{lab.name} {node}] $ "
    return enter(lab, node, ["/bin/sh", "-i"])
