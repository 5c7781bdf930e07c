"""`nlan generate`: files to begin with."""

from __future__ import annotations

from argparse import Namespace

from nlan.schema import generate


def run(arguments: Namespace) -> int:
    """Print a file of the kind and size asked for."""
    text = generate(
        arguments.kind,
        size=arguments.size,
        bgp=arguments.bgp,
        ospf=arguments.ospf,
        hosts=arguments.hosts,
        name=arguments.name,
    )
    print(text, end="")
    return 0
