"""`nlan show`: the resolved lab, with every derived address, VNI and default."""

from __future__ import annotations

from argparse import Namespace

from nlan.cli.commands.plan import load
from nlan.cli.output import print_json
from nlan.runtimes import Paths
from nlan.schema import to_yaml
from nlan.schema.written.dump import hidden, to_plain


def run(arguments: Namespace) -> int:
    """Print the lab as YAML, or as JSON."""
    lab = load(Paths.from_environment(), arguments).lab
    if arguments.json:
        print_json(to_plain(lab, None if arguments.secrets else hidden), secrets=True)
    else:
        print(to_yaml(lab, secrets=arguments.secrets), end="")
    return 0
