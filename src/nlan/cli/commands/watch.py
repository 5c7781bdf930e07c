"""`nlan watch`: events as they happen."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from contextlib import closing

from nlan.api import catalog
from nlan.cli.lines import teller
from nlan.cli.output import counted, end_line, say
from nlan.keep.watching import Watching
from nlan.runtimes import Paths
from nlan.state import find_state


def run(arguments: Namespace) -> int:
    """Print events until interrupted, or until the lab is gone."""
    paths = Paths.from_environment()
    place = catalog.choose(paths, arguments.lab)
    state = find_state(paths.state, place.lab, say=say)
    tell = teller(as_json=arguments.json)
    watching = Watching(place, None if state is None else state.database)
    try:
        with closing(watching):
            if sys.stdout.isatty() and not arguments.json:
                watched = counted(len(watching.sources.namespaces), "namespace")
                say(f"{place.lab}: watching {watched} (Ctrl-C ends)")
            while not watching.is_over:
                for note in watching.notes():
                    tell(note)
    except KeyboardInterrupt:
        end_line()
    if watching.is_lost:
        os._exit(0)  # the interpreter would close, and so write, what is damaged
    if state is not None:
        state.close()
    return 0
