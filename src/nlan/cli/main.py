"""The `nlan` command: reads the words, finds the verb, runs it, turns errors into sentences.

A verb's module is imported when the verb is used, and only then: `nlan --help`
costs no more than argparse. Exit codes: 0 done, 1 an error, 2 (`nlan plan`,
`nlan diff`) there are differences, 130 interrupted; `nlan exec` passes on the command's.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from nlan.cli.words import CHANGING, VERBS, Verb

if TYPE_CHECKING:
    from nlan.errors import NlanError

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130


class UsageError(Exception):
    """The words of the command line are none that nlan knows: the usage, and what is wrong."""


class Parser(argparse.ArgumentParser):
    """Raises what is wrong with the words; argparse's own exit code, 2, means differences here."""

    def error(self, message: str) -> NoReturn:
        """Raise it."""
        raise UsageError(f"{self.format_usage()}{self.prog}", message)


def parser() -> Parser:
    """Return the whole command's parser."""
    top = Parser(
        prog="nlan",
        description="One file describes a network; nlan builds it, keeps it so and changes it in place.",
        epilog="`nlan VERB --help` says more of each.",
    )
    top.add_argument("--version", action="store_true", help="print the version and exit")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", parser_class=Parser)
    for verb in VERBS:
        _add(verbs, verb)
    return top


def _add(verbs: argparse._SubParsersAction[Parser], verb: Verb) -> None:
    sub = verbs.add_parser(verb.name, help=verb.summary, description=verb.description or verb.summary)
    for option in verb.options:
        sub.add_argument(*option.names, **option.settings)
    sub.add_argument(
        "-v", "--verbose", action="count", default=0, help="say what is done; -vv: kernel messages"
    )


def main(words: Sequence[str] | None = None, *, begin: Callable[[], None] = lambda: None) -> int:
    """Run one command and return its exit code.

    Args:
        words: Those of the command line where not given.
        begin: Called right before the verb's work, from which on Ctrl-C is a KeyboardInterrupt.
    """
    words = list(sys.argv[1:] if words is None else words)
    _open_streams()
    try:
        try:
            return _main(words, begin)
        except UsageError as error:
            return _report_usage(*error.args, as_json="--json" in words)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader of a pipe went away (`nlan show … | head`): nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ERROR


def _open_streams() -> None:
    """Have all three standard streams: a file would become one that is closed, and get what is printed."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < 3:
        continue
    os.close(descriptor)
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for good
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for good


def _main(words: list[str], begin: Callable[[], None]) -> int:
    words, command = _split_command(words)
    for word in words:
        if (text := os.fsencode(word).decode(errors="replace")) != word:
            parser().error(f"`{text}` is no UTF-8")
    arguments, unknown = parser().parse_known_args(words)
    if unknown:
        hint = " (the command's words stand after `--`)" if arguments.verb == "exec" else ""
        parser().error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    if arguments.version:
        return _version()
    if arguments.verb is None:
        parser().print_help()
        return EXIT_ERROR
    arguments.command = command
    run = import_module(f"nlan.cli.commands.{arguments.verb.replace('-', '_')}").run  # touches nothing
    return _guarded(run, arguments, begin)


def _report_usage(head: str, message: str, *, as_json: bool) -> int:
    from nlan.cli.output import print_error, say
    from nlan.errors import InputError

    if as_json:
        print_error(InputError(message), as_json=True)
    else:
        say(f"{head}: error: {message}")
    return EXIT_ERROR


def _split_command(words: list[str]) -> tuple[list[str], list[str]]:
    """Return nlan's own words and, after the ``--`` of `nlan exec`, a command's."""
    if words[:1] == ["exec"] and "--" in words:
        at = words.index("--")
        return words[:at], words[at + 1 :]
    return words, []


def _version() -> int:
    from nlan import __version__

    print(f"nlan {__version__}")
    return 0


def _expected(error: Exception) -> NlanError | None:
    """Return an error that nlan or a store raised on purpose; None for a bug."""
    from nlan.errors import HostError, InternalError, NlanError

    if isinstance(error, NlanError):
        return None if isinstance(error, InternalError) else error
    store = sys.modules.get("tega.errors")  # where it was not loaded, it raised nothing
    if store is not None and isinstance(error, store.StoreError):
        return HostError(f"the lab's database: {error}")
    return None


def _guarded(
    run: Callable[[argparse.Namespace], int | None], arguments: argparse.Namespace, begin: Callable[[], None]
) -> int:
    """Do the verb's work and turn errors into sentences."""
    from nlan.cli.output import print_error, say

    try:
        begin()
        try:
            return int(run(arguments) or 0)
        except Exception as error:
            if (expected := _expected(error)) is None:
                raise
            print_error(expected, as_json=getattr(arguments, "json", False))
            return EXIT_ERROR
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
        rest = "; what was done stays: run the same command again to go on, or `nlan down`"
        say(f"\ninterrupted{rest if arguments.verb in CHANGING else ''}")
        return EXIT_INTERRUPTED
