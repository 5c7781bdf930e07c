"""`nlan generate`: files to begin with."""

from __future__ import annotations

from argparse import Namespace

from nlan.api.generate import generate


def run(arguments: Namespace) -> int:
    """Print a file of the kind and size asked for."""
    text = generate(
        arguments.kind,
        count=arguments.count,
        bgp=arguments.bgp,
        ospf=arguments.ospf,
        hosts=arguments.hosts,
        spines=arguments.spines,
        ipv6=arguments.ipv6,
        name=arguments.name,
    )
    print(text, end="")
    return 0
