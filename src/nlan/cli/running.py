"""What the verbs that change a network share: the lock, progress on the terminal, the last words."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from nlan.api.context import Context
from nlan.api.lifecycle import Listener, Request, Result, bring_up, prepare, undo_unconfirmed
from nlan.cli.output import Progress, counted, operation_lines, paint, plan_value, print_json, say
from nlan.confirmation import Confirmation
from nlan.errors import NlanError, RollbackError
from nlan.expect.hindrances import details, summary
from nlan.plan import Operation, Plan
from nlan.runtimes import Paths
from nlan.state import find_state, open_state

EXIT_INTERRUPTED = 130


class Terminal(Listener):
    """Shows a run: one moving line on a terminal, every operation with -v."""

    def __init__(self, arguments: Namespace) -> None:
        """Show what the arguments ask for."""
        self._verbose = arguments.verbose
        self._progress = Progress(enabled=not self._verbose)
        self._total = self._count = 0

    @property
    def trace(self) -> Callable[[str], None] | None:
        """Where messages to the kernel are told, with -vv."""
        return self.say if self._verbose > 1 else None

    def say(self, text: str) -> None:
        """Print a sentence."""
        self.clear()
        say(text)

    def planned(self, plan: Plan) -> None:
        """Begin counting."""
        self._total, self._count = len(plan), 0

    def done(self, operation: Operation, error: NlanError | None) -> None:
        """Count an operation."""
        self._count += 1
        if self._verbose and error is None:
            say("\n".join(operation_lines(operation, sys.stderr)))
        self._progress.show(f"{self._count} of {self._total} operations")

    def waiting(self, text: str) -> None:
        """Show how far routing is."""
        self._progress.show(text)

    def clear(self) -> None:
        """Take the moving line away."""
        self._progress.clear()


def run_change(paths: Paths, request: Request, terminal: Terminal) -> Result:
    """Bring a lab to what the request says, with its lock held.

    An unconfirmed change whose time is over is undone before; where that cannot be done, a request
    that does not stand on what was there is carried out all the same.
    What this machine cannot do is refused before the lab's memory is opened: nothing is left of it.

    Raises:
        NlanError: As `prepare` and `bring_up` do.
    """
    context = Context(paths, request.lab.name, terminal.trace)
    try:
        with context.place.lock(on_wait=terminal.say):
            try:
                _undo_overdue(paths, request.lab.name, terminal)
            except RollbackError as error:
                if request.base is not None:
                    raise
                terminal.say(str(error))
            prepared = prepare(context, request)
            with open_state(paths.state, request.lab.name, say=terminal.say) as state:
                return bring_up(context, state, prepared, terminal)
    finally:
        terminal.clear()


def settle(paths: Paths, lab: str, terminal: Terminal) -> None:
    """Undo a change that waits to be confirmed where its time is over (its nlan was killed meanwhile)."""
    state = find_state(paths.state, lab, say=terminal.say)
    if state is None:
        return
    with state:
        if not _is_overdue(state.confirmation()):
            return
    with Context(paths, lab).place.lock(on_wait=terminal.say):
        _undo_overdue(paths, lab, terminal)


def _undo_overdue(paths: Paths, lab: str, terminal: Terminal) -> None:
    """Do so with the lock held: another nlan may have been faster."""
    state = find_state(paths.state, lab, say=terminal.say)
    if state is None:
        return
    with state:
        waiting = state.confirmation()
        if waiting is not None and _is_overdue(waiting):
            try:
                undo_unconfirmed(Context(paths, lab), state, waiting, terminal)
            finally:
                terminal.clear()


def _is_overdue(waiting: Confirmation | None) -> bool:
    return waiting is not None and waiting.is_over


def wait_for_confirmation(paths: Paths, lab: str, change: Confirmation, terminal: Terminal) -> bool:
    """Wait until the change is confirmed or undo it when its time is over; tell which."""
    last = change
    with open_state(paths.state, lab) as state:
        while (waiting := state.confirmation()) is not None:
            last, left = waiting, waiting.left_s
            if left <= 0:
                break
            terminal.waiting(f"undone in {left:.0f} s unless `nlan confirm` comes")
            state.database.wait(state.database.head(), min(left, 1.0))
        terminal.clear()
        undone = waiting is not None or (last.is_over and state.head() != change.revision)
    settle(paths, lab, terminal)
    return not undone


def finish(result: Result, request: Request, terminal: Terminal, arguments: Namespace) -> int:
    """Print what was done and what is missing, wait to be confirmed, and return the exit code."""
    if arguments.json:
        print_json(_value(result, request))
    else:
        for warning in result.warnings:
            say(str(warning))
        print(_sentence(result, request))
        for line in result.missing.lines():
            say(f"{paint('missing:', 'yellow', sys.stderr)} {line}")
        for line in details(result.missing.hindrances):
            say(f"{paint('cannot come up:', 'yellow', sys.stderr)} {line}")
        for line in result.missing.notes():
            say(f"{paint('note:', 'yellow', sys.stderr)} {line} (raw configuration)")
    sys.stdout.flush()  # who reads a pipe confirms by it
    if result.waiting is not None:
        paths = Paths.from_environment()
        try:
            confirmed = wait_for_confirmation(paths, request.lab.name, result.waiting, terminal)
        except KeyboardInterrupt:
            terminal.clear()
            say(f"\n{request.lab.name}: the change still waits for `nlan confirm`, and undoes itself without")
            say("interrupted")
            return EXIT_INTERRUPTED
        if not confirmed:
            say(f"{request.lab.name}: not confirmed in time; the change is undone")
            return 1
    return 1 if result.missing or result.missing.hindrances else 0


def _sentence(result: Result, request: Request) -> str:
    lab = request.lab
    hosts = sum(1 for node in lab.nodes for _ in node.hosts())
    size = counted(len(lab.nodes), "node") + (f", {counted(hosts, 'host')}" if hosts else "")
    seconds = sum(result.seconds.values())
    if result.missing:
        return f"{lab.name}: {size}, not converged after {seconds:.1f} s"
    state = "converged" if request.wait == "converged" and not result.missing.notes() else "up"
    if hindrances := result.missing.hindrances:
        return f"{lab.name}: {size}, {state} after {seconds:.2f} s, but {summary(hindrances)}"
    done = counted(len(result.plan), "operation") if result.plan else "nothing to do"
    return f"{lab.name}: {size}, {state} ({done}, revision {result.revision}, {seconds:.2f} s)"


def _value(result: Result, request: Request) -> dict[str, Any]:
    return {
        "lab": request.lab.name,
        "revision": result.revision,
        **plan_value(result.plan),
        "seconds": {part: round(seconds, 4) for part, seconds in result.seconds.items()},
        "converged": request.wait == "converged" and result.missing.is_certain,
        "missing": result.missing.lines(most=10_000),
        "cannot_come_up": [str(hindrance) for hindrance in result.missing.hindrances],
        "notes": result.missing.notes(most=10_000),
        "warnings": [str(warning) for warning in result.warnings],
    }
