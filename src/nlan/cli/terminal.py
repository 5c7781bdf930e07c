"""A person at a terminal: what is shown of a run while it goes on, and the last words."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nlan.api import Lab, Listener
from nlan.cli.output import Progress, counted, operation_lines, paint, plan_text, plan_value, print_json, say

if TYPE_CHECKING:
    from nlan.api import Applied, Edit, Operation, Options, Plan
    from nlan.errors import NlanError

EXIT_INTERRUPTED = 130


class Terminal(Listener):
    """Shows a run: one moving line on a terminal, every operation with -v."""

    def __init__(self, arguments: Namespace) -> None:
        """Show what the arguments ask for."""
        self._verbose = arguments.verbose
        self._progress = Progress(enabled=not self._verbose)
        self._total = self._count = 0
        self.trace: Callable[[str], None] | None = self.say if self._verbose > 1 else None  # with -vv

    def say(self, text: str) -> None:
        """Print a sentence."""
        self.ended()
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

    def ended(self) -> None:
        """Take the moving line away."""
        self._progress.clear()


def find(arguments: Namespace, *, running: bool = True) -> Lab:
    """Return the lab that the arguments mean; its runs are shown at the terminal."""
    return Lab.find(arguments.lab, running=running, listener=Terminal(arguments))


def from_file(arguments: Namespace) -> Lab:
    """Return the lab of the file that the arguments name; its warnings are printed."""
    return Lab.from_file(
        arguments.file, name=arguments.lab, told=told(arguments), listener=Terminal(arguments)
    )


def told(arguments: Namespace) -> dict[str, str]:
    """Return what the arguments tell whoever reads another tool's file."""
    return {} if arguments.roster is None else {"roster": arguments.roster}


def options(arguments: Namespace) -> Options:
    """Return how the arguments want a change to be made."""
    return {
        "wait": arguments.wait,
        "timeout_s": arguments.timeout,
        "message": arguments.message,
        "confirm_s": arguments.confirm,
    }


def change(lab: Lab, edit: Edit, arguments: Namespace) -> int:
    """Change a lab without its file, or print the plan; return the exit code."""
    if not arguments.dry_run:
        return finish(lab, lab.change(edit, **options(arguments)), arguments)
    plan = lab.plan(edit)
    if arguments.json:
        print_json({"lab": lab.name, **plan_value(plan)})
    else:
        print(plan_text(plan, verbose=arguments.verbose > 0))
    return 0


def finish(lab: Lab, done: Applied, arguments: Namespace) -> int:
    """Print what was done and what is missing, wait to be confirmed, and return the exit code."""
    if arguments.json:
        print_json(_value(done))
    else:
        for warning in done.warnings:
            say(str(warning))
        print(_sentence(done))
        for line in done.missing.lines():
            say(f"{paint('missing:', 'yellow', sys.stderr)} {line}")
        for line in done.missing.blocked():
            say(f"{paint('cannot come up:', 'yellow', sys.stderr)} {line}")
        for line in done.missing.notes():
            say(f"{paint('note:', 'yellow', sys.stderr)} {line} (raw configuration)")
    sys.stdout.flush()  # who reads a pipe confirms by it
    if done.waiting is not None:
        try:
            confirmed = lab.wait_for_confirmation(done.waiting)
        except KeyboardInterrupt:
            lab.listener.ended()
            say(f"\n{lab.name}: the change still waits for `nlan confirm`, and undoes itself without")
            say("interrupted")
            return EXIT_INTERRUPTED
        if not confirmed:
            say(f"{lab.name}: not confirmed in time; the change is undone")
            return 1
    return 0 if done.ok else 1


def _sentence(done: Applied) -> str:
    lab = done.lab
    hosts = sum(1 for node in lab.nodes for _ in node.hosts())
    size = counted(len(lab.nodes), "node") + (f", {counted(hosts, 'host')}" if hosts else "")
    seconds = sum(done.seconds.values())
    if done.missing:
        return f"{lab.name}: {size}, not converged after {seconds:.1f} s"
    state = "converged" if done.waited == "converged" and not done.missing.notes() else "up"
    if done.missing.hindrances:
        return f"{lab.name}: {size}, {state} after {seconds:.2f} s, but {done.missing.blocked_summary()}"
    operations = counted(len(done.plan), "operation") if done.plan else "nothing to do"
    return f"{lab.name}: {size}, {state} ({operations}, revision {done.revision}, {seconds:.2f} s)"


def _value(done: Applied) -> dict[str, Any]:
    return {
        "lab": done.lab.name,
        "revision": done.revision,
        **plan_value(done.plan),
        "seconds": {part: round(seconds, 4) for part, seconds in done.seconds.items()},
        "converged": done.converged,
        "missing": done.missing.lines(most=10_000),
        "cannot_come_up": [str(hindrance) for hindrance in done.missing.hindrances],
        "notes": done.missing.notes(most=10_000),
        "warnings": [str(warning) for warning in done.warnings],
    }
