"""The prompt of `tega-cli`, typed at through a pseudo-terminal, against a server of its own."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from terminal import CONTROL_C, CONTROL_D, ENTER, TAB, UP, at_terminal
from unit.tega.serving import Process, process, run

CODE = "import sys; from tega.shell.main import main; sys.exit(main(sys.argv[1:]))"


@contextlib.contextmanager
def prompt(server: Process, home: Any) -> Iterator[Any]:
    """Give a shell that prompts, and its history a home."""
    env = os.environ | {"XDG_STATE_HOME": str(home), "LOGNAME": "ada"}
    with at_terminal([sys.executable, "-c", CODE, "--url", server.url], env) as terminal:
        terminal.see("help lists the commands", "[tega: 0]")
        yield terminal


@pytest.fixture
def prompted(tmp_path: Path) -> Any:
    """Run a test with a terminal and the server behind it."""

    def work(test: Any) -> None:
        async def both() -> None:
            async with process() as server:
                with prompt(server, tmp_path / "home") as terminal:
                    await test(terminal, server)

        run(both())

    return work


def test_values_completion_and_history(prompted: Any, tmp_path: Path) -> None:
    async def test(terminal: Any, server: Process) -> None:
        terminal.type("put config-pe1.wan", ENTER)
        terminal.type("vid: 10", ENTER, "peers: [a, b]", ENTER, ENTER)
        terminal.see("[tega: 1]")
        terminal.type("get config", TAB)
        terminal.see("-pe1")
        terminal.type(".w", TAB)
        terminal.see("an")
        terminal.type(".vid", ENTER)
        terminal.see("10", "[tega: 2]")
        terminal.type(UP, ENTER)
        terminal.see("config-pe1.wan.vid", "10", "[tega: 3]")
        terminal.type("nonsense", ENTER)
        terminal.see("there is no command nonsense", "[tega: 4]")
        terminal.type(CONTROL_D)
        assert terminal.end() == 0
        with prompt(server, tmp_path / "home") as later:
            later.type(UP, UP, ENTER)
            later.see("get config-pe1.wan.vid", "10")

    prompted(test)


def test_transactions_show_in_the_prompt(prompted: Any) -> None:
    async def test(terminal: Any, server: Process) -> None:
        terminal.type("begin one more", ENTER)
        terminal.see("txid", "[tega: 1*]")
        terminal.type("put r.x 1", ENTER)
        terminal.see("[tega: 2*]")
        terminal.type("cand", ENTER)
        terminal.see("+ r.x: 1", "[tega: 3*]")
        terminal.type("commit", ENTER)
        terminal.see("rev: 1", "[tega: 4]")
        terminal.type("log", ENTER)
        terminal.see("ada-", "# one more")

    prompted(test)


def test_a_notification_leaves_what_is_being_typed(prompted: Any, tmp_path: Path) -> None:
    async def test(terminal: Any, server: Process) -> None:
        terminal.type("sub r", ENTER)
        terminal.see("[tega: 1]")
        terminal.type("put q.z 1")
        terminal.see("put q.z 1")
        with prompt(server, tmp_path / "other") as other:
            other.type("put r.x 7", ENTER)
            other.see("[tega: 1]")
        terminal.see("<NOTIFY> 1 by ada-", "+ r.x: 7", "[tega: 1] put q.z 1")
        terminal.type(ENTER)
        terminal.see("[tega: 2]")
        terminal.type("get q", ENTER)
        terminal.see("z: 1")

    prompted(test)


def test_control_c_drops_a_line_or_a_value_and_no_more(prompted: Any) -> None:
    async def test(terminal: Any, server: Process) -> None:
        terminal.type("put r 1", CONTROL_C)
        terminal.see("[tega: 1]")
        terminal.type("put r", ENTER, "a: 1", ENTER, CONTROL_C)
        terminal.see("no value, so nothing was done", "[tega: 2]")
        terminal.type("put r", ENTER, ENTER)
        terminal.see("no value, so nothing was done", "[tega: 3]")
        terminal.type("get r", ENTER)
        terminal.see("nothing is at r", "[tega: 4]")
        terminal.type("put r", ENTER, "a: 1", ENTER, CONTROL_D)
        terminal.see("[tega: 5]")
        terminal.type("get r", ENTER)
        terminal.see("{a: 1}", "[tega: 6]")

    prompted(test)


def test_the_prompt_outlives_its_server(prompted: Any) -> None:
    async def test(terminal: Any, server: Process) -> None:
        terminal.type("sub r", ENTER)
        terminal.see("[tega: 1]")
        terminal.type("begin", ENTER)
        terminal.see("[tega: 2*]")
        await server.end(signal.SIGKILL)
        terminal.see("no server]")
        terminal.type("get r", ENTER)
        terminal.see("waiting for it, Ctrl-C gives up")
        terminal.type(CONTROL_C)
        terminal.see("interrupted", "[tega: 3*, no server]")
        terminal.type("roots", ENTER)
        terminal.see("waiting for it")
        await server.restart()
        terminal.see("[tega: 4*]")
        terminal.type("cand", ENTER)
        terminal.see("there is no open transaction", "[tega: 5]")
        terminal.type("put r.x 1", ENTER)
        terminal.see("<NOTIFY>", "+ r.x: 1")
        terminal.type("quit", ENTER)
        assert terminal.end() == 0
        assert "Traceback" not in terminal.shown

    prompted(test)


def test_a_shell_without_a_home_keeps_no_history() -> None:
    async def test() -> None:
        async with process() as server:
            with prompt(server, "/proc/nowhere") as terminal:
                terminal.type("head", ENTER)
                terminal.see("0", "[tega: 1]")

    run(test())
