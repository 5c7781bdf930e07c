"""`nlan restore`: after a boot, every lab that was up is up again, or one of them."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from nlan.api import labs
from nlan.api.lifecycle import Request
from nlan.cli.output import counted, print_error, print_json, say
from nlan.cli.running import Terminal, run_change, settle
from nlan.errors import NlanError, NotFoundError
from nlan.expand import expand
from nlan.expect.hindrances import details
from nlan.model import Lab
from nlan.runtimes import NetnsRuntime, Paths
from nlan.state import find_state, known_labs


def run(arguments: Namespace) -> int:
    """Bring up what was up and is not there, one lab after the other; 1 where one failed."""
    labs.need_root()
    paths = Paths.from_environment()
    results = []
    for name in _known(paths, arguments.lab):
        result = _restore(paths, name, Terminal(arguments), arguments)
        if result is not None:
            results.append(result)
    if arguments.json:
        print_json(results)
    elif not results:
        print(f"{arguments.lab}: nothing to restore" if arguments.lab else "every lab that was up is there")
    return 0 if all(result["ok"] for result in results) else 1


def _known(paths: Paths, name: str | None) -> list[str]:
    """Return the labs that are meant: all, or the one of that name."""
    known = known_labs(paths.state)
    if name is None:
        return known
    if name not in known:
        raise NotFoundError(f"no lab {name} is known")
    return [name]


def _restore(paths: Paths, name: str, terminal: Terminal, arguments: Namespace) -> dict[str, Any] | None:
    """Return how it went, None where there is nothing to do for this lab."""
    try:
        request = _request(paths, name, terminal)
        if request is None:
            return None
        result = run_change(paths, request, terminal)
    except NlanError as error:
        if not arguments.json:
            say(f"{name}: not restored")
            print_error(error)
        return {"lab": name, "ok": False, "error": str(error)}
    seconds = round(sum(result.seconds.values()), 3)
    if not arguments.json:
        done = counted(len(result.plan), "operation")
        print(f"{name}: up again, {done}, revision {result.revision} ({seconds:.2f} s)")
        for line in result.missing.lines():
            say(f"{name}: missing: {line}")
        for line in details(result.missing.hindrances):
            say(f"{name}: cannot come up: {line}")
    blocked = [str(hindrance) for hindrance in result.missing.hindrances]
    missing = result.missing.lines(most=10_000)
    return {"lab": name, "ok": not missing, "seconds": seconds, "missing": missing, "cannot_come_up": blocked}


def _request(paths: Paths, name: str, terminal: Terminal) -> Request | None:
    """Return what brings the lab up as it was, None where it shall not be up."""
    settle(paths, name, terminal)
    state = find_state(paths.state, name, say=terminal.say)
    if state is None:
        raise NotFoundError(f"{name}: its database cannot be read")
    with state:
        base = state.head()
        if not state.was_up() and not state.is_blank():
            return None
        lab = state.lab()
        if lab is None:
            raise NotFoundError(f"{name}: its database does not tell what it was; `nlan up FILE` does")
        if _is_there(paths, name, lab):
            return None
        return Request(lab, state.allocations(), state.source(), "restored", base=base)


def _is_there(paths: Paths, name: str, lab: Lab) -> bool:
    """Tell whether all namespaces of the lab exist; a restore that failed half-way left some."""
    wanted = {key.namespace for key in expand(lab) if key.kind == "namespace"}
    return wanted <= set(NetnsRuntime(paths, name).namespaces())
