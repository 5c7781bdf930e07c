"""`nlan keep`: stay with a lab and repair what drifts."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace

from nlan.api import Lab
from nlan.cli.lines import teller
from nlan.cli.output import print_json
from nlan.cli.terminal import Terminal, find
from nlan.keep import TAKEN_DOWN, Pidfile, Report, background, session


def run(arguments: Namespace) -> int:
    """Keep the lab until it is taken down or the command is ended; both are exit code 0."""
    if arguments.unit:
        print(background.unit_text(find(arguments, running=False).name), end="")
        return 0
    if arguments.stop:
        return _stop(arguments)
    if arguments.lab and session.was_taken_down(Lab(arguments.lab, listener=Terminal(arguments))):
        tell = teller(as_json=arguments.json)
        tell(Report("ended", f"{arguments.lab}: {TAKEN_DOWN}", {"reason": TAKEN_DOWN}))
        return 0
    lab = find(arguments)
    pidfile = session.claim(lab)
    try:
        if arguments.detach:
            pid = background.detach(pidfile)
            if pid:
                if arguments.json:
                    print_json({"lab": lab.name, "pid": pid, "log": str(pidfile.log)})
                else:
                    print(f"{lab.name}: kept by process {pid}; it writes to {pidfile.log}")
                pidfile.let_go()
                return 0
        return _keep(lab, pidfile, arguments)
    finally:
        pidfile.leave()


def _stop(arguments: Namespace) -> int:
    """End the keep of the lab that is meant."""
    lab = session.kept(arguments.lab)
    pid = session.stop(lab)
    if arguments.json:
        print_json({"lab": lab.name, "pid": pid})
    else:
        print(f"{lab.name}: kept no more, process {pid} ended; the lab runs on")
    return 0


def _keep(lab: Lab, pidfile: Pidfile, arguments: Namespace) -> int:
    keeping = session.Session(lab, pidfile, teller(as_json=arguments.json))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # in a script's background, or behind nohup
            signal.signal(number, lambda *_: keeping.stop())
    keeping.run()
    sys.stdout.flush()
    if arguments.detach:
        session.silence()
    keeping.leave()
    return 0
