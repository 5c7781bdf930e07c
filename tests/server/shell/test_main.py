import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tega.shell.main import main, parser
from unit.tega.serving import run, serving, until

CODE = "import sys; from tega.shell.main import main; sys.exit(main(sys.argv[1:]))"


async def cli(url: str, *arguments: Any, stdin: Any = "") -> Any:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CODE, "--url", url, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(stdin.encode()), 20)
    return process.returncode, out.decode(), err.decode()


def test_scripts_get_exit_codes_and_json() -> None:
    async def work() -> None:
        async with serving() as server:
            done = await asyncio.gather(
                cli(server.url, "--json", "put", "a.b", "1"),
                cli(server.url, "get", "nothing"),
                cli(server.url, "nonsense"),
                cli("127.0.0.1:1", "head"),
                cli(server.url, stdin="put u \u2028 1\nput s\nx: 1\n\nget s.x\nbegin\nput s.y 2\ncommit\n"),
                cli(server.url, stdin="get none\nput never 1\n"),
            )
            put, nothing, nonsense, nobody, lines, failing = done
            assert (put[0], set(json.loads(put[1]))) == (0, {"rev", "roots"})
            assert (nothing[0], nothing[2]) == (1, "tega-cli: nothing is at nothing\n")
            assert (nonsense[0], nobody[0]) == (2, 3)
            assert "cannot reach 127.0.0.1:1" in nobody[2]
            assert lines[0] == 0, lines
            assert lines[1].splitlines()[0] == "1"
            assert failing[0] == 1
            assert server.hub.store.database.get("s").value == {"x": 1, "y": 2}
            assert server.hub.store.database.get("never") is None

    run(work())


def test_a_value_comes_from_standard_input_and_a_watch_ends_after_its_count() -> None:
    async def work() -> None:
        async with serving() as server:
            watching = asyncio.create_task(cli(server.url, "--json", "--count", "1", "sub", "w"))
            await until(lambda: any(one.subs for one in server.hub.sessions.values()))
            assert (await cli(server.url, "put", "w", stdin="a: [1, 2]\n"))[0] == 0
            code, out, err = await watching
            assert (code, json.loads(out)["changes"]) == (
                0,
                [{"op": "put", "path": "w", "value": {"a": [1, 2]}}],
            )
            assert "subscribed as" in err

    run(work())


def test_an_output_that_takes_no_more_ends_the_command_without_a_traceback() -> None:
    async def into(url: str, output: Any) -> Any:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CODE, "--url", url, "log"), stdout=output, stderr=asyncio.subprocess.PIPE
        )
        os.close(output)
        wanted = (await asyncio.wait_for(process.communicate(), 20))[1]
        return process.returncode, wanted.decode()

    async def work() -> None:
        async with serving() as server:
            await cli(server.url, "put", "a", "1")
            reader, gone = os.pipe()
            os.close(reader)
            assert await into(server.url, gone) == (1, "")
            full = os.open("/dev/full", os.O_WRONLY)
            assert await into(server.url, full) == (1, "tega-cli: [Errno 28] No space left on device\n")

    run(work())


def test_control_c_ends_a_command_that_waits_for_its_input() -> None:
    async def start(url: str, command: Any) -> Any:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CODE, "--url", url, "--name", command, command, "x"),
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def work() -> None:
        async with serving() as server:
            put, sub = await start(server.url, "put"), await start(server.url, "sub")
            await until(lambda: {"put", "sub"} <= server.hub.sessions.keys())
            assert await asyncio.wait_for(sub.stderr.readline(), 20) == b"subscribed as sub\n"
            put.send_signal(signal.SIGINT)
            sub.send_signal(signal.SIGINT)
            assert await asyncio.wait_for(put.communicate(), 20) == (None, b"")
            assert await asyncio.wait_for(sub.communicate(), 20) == (None, b"")
            assert (put.returncode, sub.returncode) == (130, 0)

    run(work())


def test_a_token_file_that_is_no_text_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    assert main(["--token-file", str(tmp_path / "token"), "head"]) == 2
    assert f"--token-file {tmp_path}/token: " in capsys.readouterr().err


def test_the_command_line_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["--help"])
    assert "--json" in capsys.readouterr().out
