"""What strangers do: refused with a status, the server alive, its memory back."""

import asyncio
import contextlib
import resource
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from websockets.frames import Frame, Opcode

from tega.client import Client
from tega.errors import TooLarge
from tega.hub import access
from tega.protocol.errors import NameTaken, Unauthorized
from tega.server import ws
from tega.server.app import Server
from tega.server.auth import Auth, Grant
from unit.tega.serving import process, rss_mb, run, serving, until


async def raw(server: Server, data: bytes, *, wait: bool = True) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(data)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 10) if wait else b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def alive(server: Server) -> None:
    async with Client(server.url) as db:
        await db.put("alive", True)


HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
)


def handshake(server: Server, path: str = "/_session", more: Any = "", host: Any = None) -> bytes:
    return HANDSHAKE.format(path=path, host=host or f"127.0.0.1:{server.port}", more=more).encode()


HALF = b"PUT /a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n"


@pytest.mark.parametrize("half", [True, False])
def test_a_connection_that_asks_for_nothing_or_not_to_the_end_is_closed(
    monkeypatch: pytest.MonkeyPatch, half: Any
) -> None:
    async def work() -> None:
        async with serving() as server, httpx.AsyncClient(base_url=server.url) as http:
            await http.put("/a", json=1)
            monkeypatch.setattr("tega.server.http.FIRST_REQUEST_S", 0.1)
            for begun in (b"", b"G", HALF, HALF + b"xx"):
                with contextlib.suppress(ConnectionError):
                    assert await raw(server, begun) == b""
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET /a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert b"200 OK" in await reader.readuntil(b"\r\n\r\n1")
            writer.write(HALF[:6] if half else HALF)
            with contextlib.suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 10) == b""
            writer.close()
            assert (await http.get("/a")).json() == 1

    run(work())


def test_a_body_that_drips_is_cut_at_the_time_that_is_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tega.server.http.FIRST_REQUEST_S", 0.3)

    async def drip(port: Any) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"PUT /a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n")
        end = asyncio.get_running_loop().create_task(reader.read())
        with contextlib.suppress(ConnectionError):
            while not end.done():
                writer.write(b"1")
                await writer.drain()
                await asyncio.wait([end], timeout=0.02)
            await end
        writer.close()

    async def work() -> None:
        async with serving() as server:
            await asyncio.wait_for(asyncio.gather(*(drip(server.port) for _ in range(20))), 10)
            await until(lambda: not server._state.connections)
            assert server.hub.store.database.get("a") is None
            await alive(server)

    run(work())


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500 + b"\r\n\r\n", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /" + b"a/" * 1_000_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n", b"400"),
        (b"PUT /a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 104857600\r\n\r\nxxx", b"413"),
        (b"PUT /a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"PUT /a HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", b"400"),
    ],
)
def test_what_is_no_request_is_refused(data: Any, status: bytes) -> None:
    async def work() -> None:
        async with serving() as server:
            answer = await raw(server, data)
            assert answer.split(b" ", 2)[1] == status, answer[:200]
            await alive(server)

    run(work())


def test_a_hundred_megabytes_are_refused_before_they_are_kept() -> None:
    async def work() -> None:
        async with process() as one, httpx.AsyncClient(base_url=one.url) as http:
            await http.put("/warm", json=1)
            before = rss_mb(one.pid)

            async def body() -> AsyncIterator[Any]:
                for _ in range(100):
                    yield b"x" * (1 << 20)

            for headers in ({}, {"Content-Length": str(100 << 20)}):
                try:
                    answer = await http.put("/a", content=body(), headers=headers)
                    assert answer.status_code == 413
                except httpx.WriteError:
                    assert not headers, "answered at once"
            assert (await http.get("/warm")).json() == 1
            assert rss_mb(one.pid) - before < 24

    run(work())


def test_a_message_or_a_path_without_end_is_refused() -> None:
    async def work() -> None:
        async with serving(max_body=1 << 20) as server:
            async with upgraded(server) as (reader, writer):
                writer.write(frame(b" " * ((1 << 20) + 1))[:14])
                assert (await asyncio.wait_for(reader.read(), 10))[2:4] == (1009).to_bytes(2)
            async with Client(server.url) as db:
                with pytest.raises(TooLarge, match=r"takes at most 1048576"):
                    await db.put("a", "x" * (1 << 20))
                with pytest.raises(ValueError, match="at most"):
                    await db.ask("get", path=".".join("a" * 300_000))
                with pytest.raises(ValueError, match="at most"):
                    await db.ask("put", path=".".join("a" * 101), value=1)
                await db.put("b", 1)

    run(work())


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"path": "/elsewhere"}, b"404"),
        ({"more": "Origin: http://evil.example\r\n"}, b"403"),
        ({"host": "evil.example"}, b"403"),
    ],
)
def test_a_handshake_that_is_not_for_us_is_refused(options: Any, status: bytes) -> None:
    async def work() -> None:
        async with serving() as server:
            assert (await raw(server, handshake(server, **options))).split(b" ", 2)[1] == status

    run(work())


def test_a_wrong_token_opens_nothing() -> None:
    async def work() -> None:
        import hashlib

        right = "a-token-of-sixteen"
        grant = Grant("op", hashlib.sha256(right.encode()).digest(), access(read=["a"], write=["a"]))
        async with serving(auth=Auth((grant,))) as server, httpx.AsyncClient(base_url=server.url) as http:
            for wrong in (None, "wrong", right[:-1]):
                with pytest.raises(Unauthorized):
                    await Client(server.url, token=wrong).open()
                headers = {"Authorization": f"Bearer {wrong}"} if wrong else {}
                for path in ("/a", "/_ids", "/_openapi.json", "/_watch"):
                    assert (await http.get(path, headers=headers)).status_code == 401
            async with Client(server.url, token=right) as db:
                await db.put("a", 1)
            good = {"Authorization": f"Bearer {right}"}
            assert (await http.get("/a", headers=good)).json() == 1
            assert (await http.get("/", headers=good)).status_code == 403
            assert (await http.put("/b", json=1, headers=good)).status_code == 403
            upgraded = await raw(server, handshake(server, path=f"/_session?token={right}"), wait=False)
            assert upgraded == b""

    run(work())


def test_a_session_cannot_be_stolen() -> None:
    async def work() -> None:
        async with serving() as server, Client(server.url, name="pe1") as db:
            await db.put("e", 1, ephemeral=True)
            thief = Client(server.url, name="pe1")
            with pytest.raises(NameTaken):
                await thief.open()
            thief._key = "forged"
            with pytest.raises(NameTaken):
                await thief.open()
            assert await db.head() == 1

    run(work())


def test_a_connection_that_never_says_hello_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ws, "HELLO_S", 0.05)

    async def work() -> None:
        async with serving() as server:
            answer = await raw(server, handshake(server))
            assert answer.startswith(b"HTTP/1.1 101")
            assert not server._sessions

    run(work())


@pytest.mark.parametrize(
    "frame",
    [
        b"\xff\xff\xff\xff",
        b"\x81\x05hello",
        b"\x81\xff" + b"\xff" * 8 + b"\0\0\0\0",
        b"\x81\x82\0\0\0\0\xff\xfe",
    ],
)
def test_broken_frames_close_the_connection(frame: Any) -> None:
    async def work() -> None:
        async with serving() as server:
            async with upgraded(server) as (reader, writer):
                writer.write(frame)
                answer = await asyncio.wait_for(reader.read(), 10)
                if answer.startswith(b"\x81"):  # what can be answered, is
                    size = int.from_bytes(answer[2:4]) + 2 if answer[1] == 126 else answer[1]
                    answer = answer[2 + size :]
                assert answer[:1] == b"\x88"
            await alive(server)

    run(work())


def test_who_sends_and_never_reads_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ws, "HIGH_WATER", 1 << 14)
    monkeypatch.setattr(ws, "CUT", 1 << 18)

    async def work() -> None:
        async with serving() as server, Client(server.url) as db:
            await db.put("big", "x" * 50_000)
            async with upgraded(server) as (reader, writer):
                reader._transport.pause_reading()
                writer.write(frame(b'{"id":1,"op":"hello"}'))
                await until(lambda: len(server.hub.sessions) == 2)
                for number in range(2, 400):
                    writer.write(frame(b'{"id":%d,"op":"get","path":"big"}' % number))
                await until(lambda: len(server._sessions) == 1, "the cut")
            assert await db.head() == 1

    run(work())


def test_an_answer_may_be_larger_than_what_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ws, "HIGH_WATER", 1 << 14)
    monkeypatch.setattr(ws, "CUT", 1 << 18)

    async def work() -> None:
        async with serving() as server, Client(server.url, reconnect=False) as db:
            for part in range(4):
                await db.put(f"big.p{part}", "x" * (4 << 20))
            assert len((await db.get("big")).value) == 4

    run(work())


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PUT /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx",
    ],
    ids=["does not read", "does not end"],
)
def test_who_leaves_a_request_open_does_not_keep_a_server_from_stopping(
    monkeypatch: pytest.MonkeyPatch, request_: Any
) -> None:
    monkeypatch.setattr("tega.server.app.GRACE_S", 0.1)

    async def work() -> None:
        async with serving() as server:
            await server.hub.store.put("big", "x" * (8 << 20))
            with socket.create_connection(("127.0.0.1", server.port)) as idle:
                idle.sendall(request_)
                await until(lambda: server._state.connections)
                await asyncio.wait_for(server.stop(), 10)

    run(work())


def frame(text: bytes) -> bytes:
    return Frame(Opcode.TEXT, text).serialize(mask=True)


@contextlib.asynccontextmanager
async def upgraded(server: Server) -> AsyncIterator[Any]:
    """A WebSocket by hand."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(handshake(server))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        yield reader, writer
    finally:
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.slow
def test_ten_thousand_idle_connections_come_and_go() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    async def work() -> None:
        async with process() as one:
            port = int(one.url.rpartition(":")[2])
            async with Client(one.url) as db:
                before = rss_mb(one.pid)
                for _ in range(2):
                    await _many(port, 10_000)
                    await db.put("alive", 1)
                await until(lambda: rss_mb(one.pid) - before < 30, "the memory is back", 30)

    try:
        run(work())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def _many(port: int, number: int) -> None:
    loop = asyncio.get_running_loop()
    sockets = []
    try:
        for _ in range(number):
            sock = socket.socket()
            sock.setblocking(False)
            sockets.append(sock)
            await loop.sock_connect(sock, ("127.0.0.1", port))
    finally:
        for sock in sockets:
            sock.close()
