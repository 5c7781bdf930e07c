"""`nlan show`: the resolved lab, with every derived address, VNI and default."""

from __future__ import annotations

from argparse import Namespace

from nlan.api import hidden, to_plain, to_yaml
from nlan.cli.output import print_json
from nlan.cli.terminal import from_file


def run(arguments: Namespace) -> int:
    """Print the lab as YAML, or as JSON."""
    lab = from_file(arguments).resolved()
    if arguments.json:
        print_json(to_plain(lab, None if arguments.secrets else hidden), secrets=True)
    else:
        print(to_yaml(lab, secrets=arguments.secrets), end="")
    return 0
