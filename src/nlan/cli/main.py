"""The `nlan` command: reads the words, finds the verb, runs it, turns errors into sentences.

A verb's module is imported when the verb is used, and only then: `nlan --help`
costs no more than argparse. Exit codes: 0 done, 1 an error, 2 (`nlan plan`,
`nlan diff`) there are differences, 130 interrupted; `nlan exec` passes on the command's.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from nlan.cli.verbs import ALONE, CHANGING, VERBS, Verb, module_of, others

if TYPE_CHECKING:
    from nlan.errors import NlanError

COMPLETE = "__complete"
"""What the shells' completion asks: words behind it, candidates for the last one on lines."""
EXIT_ERROR = 1
EXIT_INTERRUPTED = 130
_COLUMNS = 80
"""What is no terminal is taken to be so wide."""


class UsageError(Exception):
    """The words of the command line are none that nlan knows: the usage, and what is wrong."""


class Parser(argparse.ArgumentParser):
    """Raises what is wrong with the words; argparse's own exit code, 2, means differences here."""

    def error(self, message: str) -> NoReturn:
        """Raise it."""
        raise UsageError(f"{self.format_usage()}{self.prog}", message)


def verbs_for(words: Sequence[str]) -> tuple[Verb, ...]:
    """Return the verbs that may be meant; other people's only where none of nlan's own is."""
    own = words and any(verb.name == words[0] for verb in VERBS)
    return VERBS if own else (*VERBS, *others())


def parser(verbs: Iterable[Verb] = VERBS) -> Parser:
    """Return the whole command's parser."""
    formatter: Any = partial(argparse.HelpFormatter, width=_columns() - 2)
    top = Parser(
        prog="nlan",
        formatter_class=formatter,
        description="One file describes a network; nlan builds it, keeps it so and changes it in place.",
        epilog="`nlan VERB --help` says more of each.",
    )
    top.add_argument("--version", action="store_true", help="print the version and exit")
    subparsers = top.add_subparsers(dest="verb", metavar="VERB", parser_class=Parser)
    for verb in verbs:
        about = verb.description or verb.summary
        _add(
            subparsers.add_parser(verb.name, help=verb.summary, description=about, formatter_class=formatter),
            verb,
        )
    return top


def _columns() -> int:
    """Return the terminal's width: argparse asks anew for each option, and loads `shutil` for it, 2 ms."""
    with contextlib.suppress(ValueError):
        if (columns := int(os.environ.get("COLUMNS", "0"))) > 0:
            return columns
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or _COLUMNS
    except (ValueError, OSError):  # it is closed, or no terminal
        return _COLUMNS


def _add(sub: Parser, verb: Verb) -> None:
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
    as_json = "--json" in words[: words.index("--") if "--" in words else None]
    _open_streams()
    try:
        try:
            code = _reported(words, begin, as_json=as_json)
            sys.stdout.flush()
        except KeyboardInterrupt:
            return _interrupted(words)
    except BrokenPipeError:
        # The reader of a pipe went away (`nlan show … | head`): nothing is left to say.
        _give_up_stdout()
        return EXIT_ERROR
    except OSError as error:
        from nlan.cli.output import say

        _give_up_stdout()
        say(f"error: standard output: {error.strerror}")
        return EXIT_ERROR
    return code


def _interrupted(words: list[str]) -> int:
    """Say that Ctrl-C ended the command, and whether something may be half-done."""
    from nlan.cli.output import say

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
    rest = "; what was done stays: run the same command again to go on, or `nlan down`"
    say(f"\ninterrupted{rest if words[0] in CHANGING else ''}")
    return EXIT_INTERRUPTED


def _give_up_stdout() -> None:
    """Have what could not be printed go nowhere, also at the interpreter's end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _reported(words: list[str], begin: Callable[[], None], *, as_json: bool) -> int:
    """Run the command; what it raises is printed. What printing itself raises, is."""
    try:
        return _main(words, begin)
    except SystemExit as end:  # argparse, once it has printed a help; what it printed is still to be flushed
        return int(end.code or 0)
    except UsageError as error:
        return _report_usage(*error.args, as_json=as_json)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the outermost: a bug is reported as one
        from nlan.cli.output import print_bug, print_error

        if (expected := _expected(error)) is not None:
            print_error(expected, as_json=as_json)
        else:
            print_bug(error, as_json=as_json)
        return EXIT_ERROR


def _open_streams() -> None:
    """Have all three standard streams: a file would become one that is closed, and get what is printed."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < 3:
        continue
    os.close(descriptor)
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for good
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for good


def _main(words: list[str], begin: Callable[[], None]) -> int:
    if words[:1] == [COMPLETE]:
        from nlan.cli.complete import print_candidates

        return print_candidates(words[1:])
    words, command = _split_command(words)
    for word in words:
        if (text := os.fsencode(word).decode(errors="replace")) != word:
            parser().error(f"`{text}` is no UTF-8")
    verbs = {verb.name: verb for verb in verbs_for(words)}
    arguments = _parsed(words, verbs)
    if arguments.version:
        return _version()
    if arguments.verb is None:
        parser(verbs.values()).print_help()
        return EXIT_ERROR
    arguments.command = command
    if arguments.verb not in ALONE:
        _import_msgspec()
    run = verbs[arguments.verb].run or import_module(module_of(arguments.verb)).run
    begin()
    return int(run(arguments) or 0)


def _import_msgspec() -> None:
    """Import what every model and resource is made of, without typing_extensions, which takes 8 ms.

    msgspec prefers that where it is installed; what it takes from it, Python's own `typing` has.
    """
    if "msgspec" not in sys.modules and "typing_extensions" not in sys.modules:
        modules: dict[str, Any] = sys.modules
        modules["typing_extensions"] = None  # makes importing it fail
        try:
            import_module("msgspec")
        finally:
            del modules["typing_extensions"]


def _parsed(words: list[str], verbs: Mapping[str, Verb]) -> argparse.Namespace:
    """Return what the words say.

    Raises:
        UsageError: They are none that nlan knows; with the usage of the verb, where one is named.
    """
    meant = [verbs[words[0]]] if words and words[0] in verbs else verbs.values()
    top = parser(meant)  # building that of every verb takes as long as reading a file
    if words and words[0] not in verbs and not words[0].startswith("-"):
        hint = _meant(words[0], verbs) or "`nlan --help` lists them"
        top.error(f"no verb is called `{words[0]}` ({hint})")
    arguments, unknown = top.parse_known_args(words)
    if arguments.verb is None:
        return arguments
    own = _verb_parser(top, arguments.verb)
    if unknown:
        flags = [name for option in verbs[arguments.verb].options for name in option.names]
        hints = [hint for word in unknown if word[0] == "-" and (hint := _meant(word, flags))]
        if arguments.verb == "exec":
            hints.append("the command's words stand after `--`")
        own.error(f"unrecognized arguments: {' '.join(unknown)}" + (f" ({hints[0]})" if hints else ""))
    named = getattr(arguments, "lab_option", None)
    if named is not None:
        if arguments.lab not in (None, named):
            own.error(f"two labs are named, {arguments.lab} and {named}")
        arguments.lab = named
    return arguments


def _verb_parser(top: Parser, verb: str) -> Parser:
    found = next(action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    own: Parser = found.choices[verb]
    return own


def _meant(word: str, words: Iterable[str]) -> str:
    from nlan.api import nearest

    return nearest(word, words)


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


_OF_THE_MACHINE = frozenset(
    (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EIO,
        errno.EACCES,
        errno.EPERM,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
    )
)
"""What the machine lacks: room, descriptors, privilege. No bug, whoever met it."""


def _expected(error: Exception) -> NlanError | None:
    """Return an error that nlan, a store or the machine raised; None for a bug."""
    from nlan.errors import HostError, InternalError, NlanError

    if isinstance(error, NlanError):
        return None if isinstance(error, InternalError) else error
    store = sys.modules.get("tega.errors")  # where it was not loaded, it raised nothing
    if store is not None and isinstance(error, store.StoreError):
        return HostError(f"the lab's database: {error}")
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        return HostError(f"{error.filename or _where(error.errno)}: {error.strerror}")
    return None


def _where(number: int) -> str:
    """Return what is likely meant by an error of no file: the kernel does not say."""
    from nlan.api import Paths

    if number not in (errno.ENOSPC, errno.EDQUOT):
        return "this machine"
    paths, full = Paths.from_environment(), []
    for path in (paths.run, paths.state):
        with contextlib.suppress(OSError):
            room = os.statvfs(path)
            if not room.f_bavail or (room.f_files and not room.f_favail):
                full.append(str(path))
    return ", ".join(full) or "standard output"
