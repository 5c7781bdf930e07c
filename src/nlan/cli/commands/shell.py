"""`nlan shell`: an interactive shell in a node; the prompt says where you are."""

from __future__ import annotations

import os
from argparse import Namespace

from nlan.api import labs, names
from nlan.cli.commands.exec import enter
from nlan.runtimes import Paths


def run(arguments: Namespace) -> int:
    """Become a shell inside the node: bash where there is one, else the user's."""
    place = labs.choose(Paths.from_environment(), arguments.lab)
    aliases = lambda: labs.second_names(place)  # noqa: E731 - asked only where the name is unknown
    namespace = names.find_namespace(arguments.node, place.namespaces(), aliases)
    os.environ["NLAN_LAB"], os.environ["NLAN_NODE"] = place.lab, namespace
    if os.path.exists("/bin/bash"):
        os.environ["PS1"] = rf"[{place.lab} \[\e[1m\]{namespace}\[\e[0m\]] \w\$ "
        return enter(place, namespace, ["/bin/bash", "--norc", "--noprofile", "-i"])
    os.environ["PS1"] = f"[{place.lab} {namespace}] $ "
    return enter(place, namespace, ["/bin/sh", "-i"])
