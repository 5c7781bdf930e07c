"""`nlan update`: a module of neutron-lan, in its words: a change as by `set`."""

from __future__ import annotations

from argparse import Namespace

from nlan.cli.commands.modules.get import carry_out


def run(arguments: Namespace) -> int:
    """Change the running lab; print the words that there are, where that is asked for."""
    return carry_out("update", arguments)
