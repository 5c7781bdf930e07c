"""`nlan watch`: events as they happen."""

from __future__ import annotations

import os
import sys
from argparse import Namespace

from nlan.cli.lines import teller
from nlan.cli.output import counted, end_line, say
from nlan.cli.terminal import find


def run(arguments: Namespace) -> int:
    """Print events until interrupted, or until the lab is gone."""
    lab = find(arguments)
    tell = teller(as_json=arguments.json)
    watching = lab.watch()
    try:
        with watching:
            if sys.stdout.isatty() and not arguments.json:
                say(f"{lab.name}: watching {counted(len(watching.namespaces), 'namespace')} (Ctrl-C ends)")
            for report in watching:
                tell(report)
    except KeyboardInterrupt:
        end_line()
    if watching.is_lost:
        os._exit(0)  # the interpreter would close, and so write, what is damaged
    return 0
