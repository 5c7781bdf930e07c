import asyncio
import signal
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tega.client import Client
from tega.protocol.errors import Denied, Disconnected, Unauthorized
from tega.server.main import main, parse_listen
from unit.tega.serving import process, rss_mb, run, until

TOKEN = "a-token-of-sixteen"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        ("[::1]:0", ("::1", 0)),
        ("::1", ("::1", 8739)),
        ("localhost", ("localhost", 8739)),
        (":5", ("127.0.0.1", 5)),
    ],
)
def test_where_to_listen(text: str, expected: Any) -> None:
    assert parse_listen(text) == expected


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--listen", "0.0.0.0:0"], "--token-file is needed"),
        (["--listen", "192.0.2.1"], "--token-file is needed"),
        (["--listen", "127.0.0.1:99999"], "is no port"),
        (["--listen", "a..b:80"], "is no name of a host"),
        (["--token-file", "/none"], "/none"),
        (["--key", "/none"], "--key needs --cert"),
        (["--cert", "/none"], "--cert /none"),
        (["--option", "x"], "wants PLUGIN.KEY=VALUE"),
        (["--enable", "nonsense"], "there is no plugin nonsense"),
        (["--plugins", "/none"], "is no folder"),
    ],
)
def test_a_wrong_command_line_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: Any, wanted: Any
) -> None:
    assert main(["--data", str(tmp_path / "db"), *options]) == 2
    assert wanted in capsys.readouterr().err


def test_a_place_that_cannot_be_used_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert main(["--data", str(file)]) == 1
    assert str(file) in capsys.readouterr().err


def test_sigterm_stops_in_good_order_and_a_start_finds_everything(tmp_path: Path) -> None:
    async def work() -> None:
        async with process(data=tmp_path / "db") as one:
            db = await Client(one.url, name="w").open()
            await db.put("a", {"x": 1})
            await db.put("e", 1, ephemeral=True)
            assert await one.end(signal.SIGTERM) == 0
            await one.restart()
            assert (await db.get("a")).value == {"x": 1}
            await until(lambda: db.get("e"))
            await db.close()

    run(work())


@pytest.mark.slow
def test_an_ephemeral_node_of_a_killed_server_goes_when_its_client_does_not_come_back(tmp_path: Path) -> None:
    async def work() -> None:
        async with process(data=tmp_path / "db") as one:
            mortal = await Client(one.url, name="mortal", ttl=1.0, reconnect=False).open()
            await mortal.put("e", 1, ephemeral=True)
            await one.end(signal.SIGKILL)
            await mortal.close()
            await one.restart()
            async with Client(one.url) as db:
                await until(lambda: gone(db), seconds=5)

    run(work())


async def gone(db: Client) -> bool:
    return await db.get("e") is None


def test_tls_and_tokens_together(tmp_path: Path) -> None:
    cert, key, tokens = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "tokens.yaml"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    tokens.write_text(f"tokens:\n- {{name: op, token: {TOKEN}, read: [a], write: [a]}}\n")

    async def work() -> None:
        options = ("--cert", str(cert), "--key", str(key), "--token-file", str(tokens))
        async with process(*options) as one:
            assert one.url.startswith("https://")
            trust = ssl.create_default_context(cafile=cert)
            async with Client(one.url, token=TOKEN, tls=trust) as db:
                await db.put("a", 1)
                with pytest.raises(Denied):
                    await db.put("b", 1)
            with pytest.raises(Unauthorized):
                await Client(one.url, token="another-token-of-some", tls=trust).open()
            with pytest.raises(Disconnected, match="certificate"):
                await Client(one.url, token=TOKEN).open()
            with pytest.raises(Disconnected):
                await Client(one.url.replace("https", "http"), token=TOKEN).open()

    run(work())


@pytest.mark.slow
def test_a_subscriber_that_stops_reading_costs_no_memory_and_gets_everything_later() -> None:
    async def work() -> None:
        async with (
            process() as one,
            Client(one.url) as writer,
            Client(one.url, ttl=60) as slow,
            slow.subscribe("a") as notices,
        ):
            await writer.put("a", "x")
            assert (await anext(notices)).rev == 1
            slow.wire._transport.pause_reading()
            for i in range(20):
                await writer.put("a", [i, "x" * 100_000])
            before = rss_mb(one.pid)
            for i in range(600):
                await writer.put("a", [i, "x" * 100_000])
            assert rss_mb(one.pid) - before < 20, "60 MB went by"
            slow.wire._transport.resume_reading()
            revs = [(await anext(notices)).rev for _ in range(620)]
            assert revs == list(range(2, 622))
            assert notices.behind

    run(work())


def test_the_installed_command_runs() -> None:
    async def work() -> None:
        command = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tega.server", "--help"), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await command.communicate()
        assert b"--token-file" in out

    run(work())
