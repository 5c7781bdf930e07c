"""`tega-cli`: with a command, run it and leave; at a terminal, prompt; else run the lines of standard input.

Exit codes: 0 done, 1 the server refused or nothing is there, 2 what was
typed cannot be understood, 3 the server cannot be reached, 130 interrupted
by Ctrl-C, which is how a subscription ends: then 0.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import secrets
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from tega.errors import StoreError
from tega.protocol.errors import Disconnected
from tega.shell.base import Quit
from tega.shell.lines import UsageError
from tega.shell.shell import Shell
from tega.shell.show import printable

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Sequence

    from tega.client import Client

DEFAULT_URL = "127.0.0.1:8739"


def parser() -> argparse.ArgumentParser:
    """Return the command line's description."""
    made = argparse.ArgumentParser(
        prog="tega-cli",
        description="The tega shell. Without a command it prompts.",
        epilog="`tega-cli help` lists the commands.",
    )
    add = made.add_argument
    add("--url", default=os.environ.get("TEGA_URL", DEFAULT_URL), help="the server (TEGA_URL; %(default)s)")
    add("--token-file", type=Path, metavar="FILE", help="file with the token; or TEGA_TOKEN holds it")
    add("--ca", type=Path, metavar="FILE", help="certificates (PEM) to trust for https")
    add("--name", help="name of the session (your login and a number)")
    add("--json", action="store_true", help="write JSON, a value a line")
    add("--count", type=int, default=0, metavar="N", help="with sub and subr: leave after N events")
    add("command", nargs=argparse.REMAINDER, help="a command and its arguments")
    return made


def _token(options: argparse.Namespace) -> str | None:
    if options.token_file is None:
        return os.environ.get("TEGA_TOKEN")
    try:
        text: str = options.token_file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--token-file {options.token_file}: {error}") from error
    return text.strip()


def _own_name() -> str:
    """A name that says who writes, in the log and to whoever loses a conflict; unique among sessions."""
    try:
        login = getpass.getuser()
    except (KeyError, OSError):  # no variable says it, and /etc/passwd does not know the number
        login = str(os.getuid())
    return f"{login}-{secrets.token_hex(3)}"


def _tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    if options.ca is None:
        return None
    import ssl

    try:
        return ssl.create_default_context(cafile=options.ca)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"--ca {options.ca}: {error}") from error


async def run(options: argparse.Namespace) -> None:
    """Connect, do what is asked, leave."""
    from tega.client import Client

    client = Client(options.url, name=options.name or _own_name(), token=_token(options), tls=_tls(options))
    async with client as db:
        if options.command:
            await run_command(db, options)
        elif sys.stdin is not None and sys.stdin.isatty():
            from tega.shell.interactive import interact

            await interact(db, json=options.json)
        else:
            await run_lines(db, await read_input(), json=options.json)


async def read_input() -> str:
    """Return standard input to its end.

    On a thread that nobody waits for: Ctrl-C has to end the command, and
    the event loop's own threads are waited for when it closes.
    """
    if sys.stdin is None:
        raise UsageError("standard input is closed")
    loop, fd = asyncio.get_running_loop(), sys.stdin.fileno()
    read: asyncio.Future[bytes] = loop.create_future()

    def settle(data: bytes, error: OSError | None) -> None:
        if read.done():
            return
        if error is not None:
            read.set_exception(error)
        else:
            read.set_result(data)

    def work() -> None:
        data, failed = b"", None
        try:
            data = b"".join(iter(lambda: os.read(fd, 65536), b""))
        except OSError as error:
            failed = error
        loop.call_soon_threadsafe(settle, data, failed)

    Thread(target=work, daemon=True).start()
    try:
        return (await read).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"standard input: {error}") from error


async def run_command(db: Client, options: argparse.Namespace) -> None:
    """Run one command; a subscription goes on until it is interrupted or has shown `--count` events."""
    events = _Counter(options.count)

    def write(text: str) -> None:
        print(text, flush=True)
        events.note()

    shell = Shell(db, write, read_input, json=options.json)
    await shell.run(" ".join(options.command))
    if shell.streams:
        print(f"subscribed as {db.name}", file=sys.stderr, flush=True)
        ends = [asyncio.ensure_future(events.enough.wait()), asyncio.ensure_future(shell.ended())]
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in done:
                end.result()
        except asyncio.CancelledError:  # Ctrl-C
            return
        finally:
            for end in ends:
                end.cancel()
            await shell.close()


class _Counter:
    """Counts events and says when there were enough."""

    def __init__(self, wanted: int) -> None:
        self.enough = asyncio.Event()
        self._left = wanted

    def note(self) -> None:
        self._left -= 1
        if self._left == 0:
            self.enough.set()


async def run_lines(db: Client, text: str, *, json: bool) -> None:
    """Run lines as if they were typed; the first that fails ends it."""
    lines = iter(text.split("\n"))

    async def ask() -> str:
        return "\n".join(_until_empty(lines))

    shell = Shell(db, lambda out: print(out, flush=True), ask, json=json)
    try:
        for line in lines:
            await shell.run(line)
    except Quit:
        return
    finally:
        await shell.close()


def _until_empty(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if not line.strip():
            return
        yield line


def exit_code(error: StoreError) -> int:
    """Return the exit code that a script sees for an error."""
    if isinstance(error, UsageError):
        return 2
    return 3 if isinstance(error, Disconnected) else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the shell; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        asyncio.run(run(options))
    except Quit:
        return 0
    except KeyboardInterrupt:
        return 130
    except StoreError as error:
        print(printable(f"tega-cli: {error}"), file=sys.stderr)
        return exit_code(error)
    except OSError as error:  # standard output takes no more
        if not isinstance(error, BrokenPipeError):  # `tega-cli log | head`: nothing is left to say
            print(printable(f"tega-cli: {error}"), file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0
