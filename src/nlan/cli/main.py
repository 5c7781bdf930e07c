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
from typing import NoReturn

from nlan.cli.words import VERBS, Verb

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """Usage errors exit with 1: 2 means differences."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the error, and exit."""
        self.print_usage(sys.stderr)
        self.exit(EXIT_ERROR, f"{self.prog}: error: {message}\n")


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
    words, command = _split_command(list(sys.argv[1:] if words is None else words))
    arguments = parser().parse_args(words)
    if arguments.version:
        return _version()
    if arguments.verb is None:
        parser().print_help()
        return EXIT_ERROR
    arguments.command = command
    run = import_module(f"nlan.cli.commands.{arguments.verb.replace('-', '_')}").run  # touches nothing
    return _guarded(run, arguments, begin)


def _split_command(words: list[str]) -> tuple[list[str], list[str]]:
    """Return nlan's own words and, after ``--``, a command's."""
    if "--" in words:
        at = words.index("--")
        return words[:at], words[at + 1 :]
    return words, []


def _version() -> int:
    from nlan import __version__

    print(f"nlan {__version__}")
    return 0


def _guarded(
    run: Callable[[argparse.Namespace], int | None], arguments: argparse.Namespace, begin: Callable[[], None]
) -> int:
    """Do the verb's work and turn errors into sentences."""
    from nlan.cli.output import print_error, say
    from nlan.errors import InternalError, NlanError

    try:
        begin()
        try:
            code = int(run(arguments) or 0)
            sys.stdout.flush()
            return code
        except InternalError:
            raise
        except NlanError as error:
            print_error(error, as_json=getattr(arguments, "json", False))
            return EXIT_ERROR
        except BrokenPipeError:
            # The reader of a pipe went away (`nlan show … | head`): nothing is left to say.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return EXIT_ERROR
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
        say("\ninterrupted; what was done stays: run the same command again to go on, or `nlan down`")
        return EXIT_INTERRUPTED
