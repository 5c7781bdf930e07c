"""`nlan keep`: stay with a lab and repair what drifts."""

from __future__ import annotations

import os
import signal
import sys
from argparse import Namespace
from pathlib import Path

from nlan.api import Lab, Report
from nlan.api.upkeep.lab import was_taken_down
from nlan.cli.lines import teller
from nlan.cli.output import print_json
from nlan.cli.terminal import Terminal, find
from nlan.keep import Session, background
from nlan.keep.keeper import TAKEN_DOWN
from nlan.keep.session import kept, stop


def run(arguments: Namespace) -> int:
    """Keep the lab until it is taken down or the command is ended; both are exit code 0."""
    if arguments.unit:
        name = find(arguments, running=False).name
        print(background.unit_text(name, background.command()), end="")
        return 0
    if arguments.stop:
        return _stop(arguments)
    if arguments.lab and was_taken_down(Lab(arguments.lab, listener=Terminal(arguments))):
        tell = teller(as_json=arguments.json)
        tell(Report("ended", f"{arguments.lab}: {TAKEN_DOWN}", {"reason": TAKEN_DOWN}))
        return 0
    session = Session(find(arguments), teller(as_json=arguments.json))
    with session:
        if arguments.detach and (pid := background.detach(session.pidfile)):
            _print_detached(session, pid, as_json=arguments.json)
        else:
            _keep(session, is_detached=arguments.detach)
    if session.is_lost:
        os._exit(0)  # the interpreter would close, and so write, what is damaged
    return 0


def _stop(arguments: Namespace) -> int:
    """End the keep of the lab that is meant."""
    lab = kept(arguments.lab)
    pid = stop(lab)
    if arguments.json:
        print_json({"lab": lab.name, "pid": pid})
    else:
        print(f"{lab.name}: kept no more, process {pid} ended; the lab runs on")
    return 0


def _print_detached(session: Session, pid: int, *, as_json: bool) -> None:
    name, log = session.lab.name, session.pidfile.log
    if as_json:
        print_json({"lab": name, "pid": pid, "log": str(log)})
    else:
        print(f"{name}: kept by process {pid}; it writes to {log}")
    session.pidfile.let_go()


def _keep(session: Session, *, is_detached: bool) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # in a script's background, or behind nohup
            signal.signal(number, lambda *_: session.stop())
    session.run()
    sys.stdout.flush()
    if is_detached:
        background.redirect(Path(os.devnull))  # the log goes with the lab
