"""What the server refuses over HTTP, and how it says so."""

import hashlib
import json
from typing import Any

import pytest

from server.server.resting import Http, rest
from tega.client import Client
from tega.hub import Hub
from tega.hub.operations import standard_operations
from tega.protocol import requests
from tega.server.app import Server


def test_the_path_is_that_of_the_url_whatever_the_query_says() -> None:
    async def test(http: Http, server: Server) -> None:
        await http("PUT", "/a?path=b", json=1)
        await http("PATCH", "/c?path=a", json={"d": 1})
        assert await http("GET", "/a?path=c") == 1
        assert [one["path"] for one in await http("GET", "/a?regex=1&pattern=.*")] == ["a"]
        await http("DELETE", "/a?path=")
        assert await http("GET", "/") == {"c": {"d": 1}}
        async with Client(server.url) as db:
            await db.offer("f", lambda: "f")
            assert await http("POST", "/f?path=g", json={"path": "h"}) == {"result": "f"}

    rest(test)


def export_of(*items: Any) -> Any:
    """The lines of an export that holds just this, its checksum right."""
    lines = [json.dumps(item) for item in ({"tega": 1, "rev": 1, "history": False}, *items)]
    total = hashlib.sha256("".join(line + "\n" for line in lines).encode())
    return [*lines, json.dumps({"sha256": total.hexdigest()})]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/_nonsense", b"", 404),
        ("POST", "/_nonsense", b"{}", 404),
        ("GET", "/_begin", b"", 400),
        ("GET", "/_verify", b"", 400),
        ("POST", "/_hello", b"{}", 404),
        ("PUT", "/a", b"", 400),
        ("PUT", "/a", b"{", 400),
        ("PUT", "/a", b"\xff\xfe", 400),
        ("PUT", "/a", b"NaN", 400),
        ("PUT", "/a", b"[" * 100_000, 400),
        ("PUT", "/", b"5", 400),
        ("PUT", "/a?version=3", b"1", 400),
        ("PUT", "/a?expect=x", b"1", 400),
        ("PUT", "/a?unknown=1", b"1", 400),
        ("PATCH", "/a", b"5", 400),
        ("GET", "/a//b", b"", 400),
        ("PUT", "/%ff", b"1", 400),
        ("PUT", "/_compact", b'{"before": 1}', 400),
        ("DELETE", "/_clear", b"", 400),
        ("GET", "/(?regex=1", b"", 400),
        ("GET", "/_log?limit=x", b"", 400),
        ("GET", "/_get?path=a..b", b"", 400),
        ("POST", "/_rollback", b'{"root": "a.b", "to": 0}', 400),
        ("POST", "/_rollback", b'{"to": 1, "by_version": true}', 400),
        ("POST", "/_compact", b'{"before": 99}', 404),
        ("POST", "/_import", b'{"lines": ["x"]}', 400),
        ("GET", "/" + "/".join("x" * 200), b"", 400),
        ("BREW", "/a", b"", 405),
        ("GET", f"/_log?after={1 << 63}", b"", 400),
        ("GET", "/_log?after=-1", b"", 400),
        ("GET", f"/_watch?after={1 << 63}", b"", 400),
        ("GET", f"/a?version={1 << 63}", b"", 400),
        ("GET", f"/a?version={(1 << 63) - 1}", b"", 404),
        ("PUT", f"/a?expect={1 << 63}", b"1", 400),
        ("PUT", f"/a?expect={(1 << 63) - 1}", b"1", 409),
        ("POST", "/_put", rb'{"path": "\"\\ud800\"", "value": 1}', 400),
        ("POST", "/_apply", rb'{"steps": [], "expect": {"\"\\ud800\"": 1}}', 400),
        ("POST", "/_import", json.dumps({"lines": export_of({"path": [[1]], "value": 1})}).encode(), 400),
        ("POST", "/_import", json.dumps({"lines": export_of({"path": [""], "value": 1})}).encode(), 400),
    ],
)
def test_bad_requests_are_refused_with_a_status(method: str, path: str, body: Any, status: int) -> None:
    async def test(http: Http, server: Server) -> None:
        await http(method, path, status, content=body)
        await http("PUT", "/alive", json=True)
        assert await http("GET", "/alive") is True

    rest(test)


def test_a_fault_of_the_server_is_answered_as_json(caplog: pytest.LogCaptureFixture) -> None:
    def broken(hub: Hub, who: Any, request: pytest.FixtureRequest) -> None:
        raise ZeroDivisionError

    async def test(http: Http, server: Server) -> None:
        assert (await http("GET", "/_head", 500))["error"]["code"] == "internal"
        assert "ZeroDivisionError" in caplog.text

    rest(test, operations={**standard_operations(), requests.Head: broken})


def test_pages_of_other_sites_and_bent_names_are_refused() -> None:
    async def test(http: Http, server: Server) -> None:
        await http("GET", "/_head", 403, headers={"Origin": "http://evil.example"})
        await http("GET", "/_head", 403, headers={"Host": "evil.example"})
        await http("GET", "/_head", headers={"Origin": server.url})
        await http("GET", "/_head", headers={"Host": f"localhost:{server.port}"})

    rest(test)
