"""A verb: how many nodes a lab has."""

from __future__ import annotations

from argparse import Namespace

from nlan.cli.options import JSON, LAB_WORD
from nlan.cli.output import print_json
from nlan.cli.terminal import find
from nlan.cli.verbs import Verb


def run(arguments: Namespace) -> int:
    nodes = find(arguments).status().nodes
    if arguments.json:
        print_json({"nodes": len(nodes)})
    else:
        print(f"{len(nodes)} nodes: {' '.join(node.name for node in nodes)}")
    return 0


CENSUS = Verb("census", "count the nodes of a lab", (*LAB_WORD, JSON), run=run)
