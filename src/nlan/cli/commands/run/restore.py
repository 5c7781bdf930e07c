"""`nlan restore`: after a boot, every lab that was up is up again, or one of them."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from nlan.api import Environment, Lab, catalog
from nlan.cli.output import counted, print_error, print_json, say
from nlan.cli.terminal import Terminal
from nlan.errors import NlanError


def run(arguments: Namespace) -> int:
    """Bring up what was up and is not there, one lab after the other; 1 where one failed."""
    environment = Environment()
    environment.privileges.need_root()
    results = []
    for name in catalog.known(environment.paths, arguments.lab):
        result = _restore(Lab(name, environment=environment, listener=Terminal(arguments)), arguments)
        if result is not None:
            results.append(result)
    if arguments.json:
        print_json(results)
    elif not results:
        print(f"{arguments.lab}: nothing to restore" if arguments.lab else "every lab that was up is there")
    return 0 if all(result["ok"] for result in results) else 1


def _restore(lab: Lab, arguments: Namespace) -> dict[str, Any] | None:
    """Return how it went, None where there is nothing to do for this lab."""
    try:
        done = lab.restore()
    except NlanError as error:
        if not arguments.json:
            say(f"{lab.name}: not restored")
            print_error(error)
        return {"lab": lab.name, "ok": False, "error": str(error)}
    if done is None:
        return None
    seconds = round(sum(done.seconds.values()), 3)
    if not arguments.json:
        operations = counted(len(done.plan), "operation")
        print(f"{lab.name}: up again, {operations}, revision {done.revision} ({seconds:.2f} s)")
        for line in done.missing.lines():
            say(f"{lab.name}: missing: {line}")
        for line in done.missing.blocked():
            say(f"{lab.name}: cannot come up: {line}")
    blocked = [str(hindrance) for hindrance in done.missing.hindrances]
    missing = done.missing.lines(most=10_000)
    return {
        "lab": lab.name,
        "ok": not missing,
        "seconds": seconds,
        "missing": missing,
        "cannot_come_up": blocked,
    }
