"""What the server does over HTTP."""

import asyncio
import hashlib
import json
from typing import Any

from server.server.resting import Http, rest
from tega.client import Client
from tega.hub import FULL, access
from tega.server.app import Server
from tega.server.auth import Auth, Grant
from tega.server.rest import COMMANDS


def test_the_tree_is_resources() -> None:
    async def test(http: Http, server: Server) -> None:
        assert (await http("PUT", "/a/b", json={"c": 1}))["rev"] == 1
        assert await http("GET", "/a/b/c") == 1
        assert http.headers["tega-revision"] == "1"
        await http("PATCH", "/a/b", json={"d": 2})
        assert await http("GET", "/a") == {"b": {"c": 1, "d": 2}}
        await http("DELETE", "/a/b/c")
        assert await http("GET", "/") == {"a": {"b": {"d": 2}}}
        assert (await http("GET", "/a/b/c", 404))["error"]["code"] == "not_found"
        assert await http("GET", "/a?version=1") == {"b": {"c": 1}}
        assert await http("GET", "/a?at=2") == {"b": {"c": 1, "d": 2}}
        meta = await http("GET", "/a/b?meta=true")
        assert (meta["path"], meta["rev"]) == ("a.b", 3)
        assert (await http("GET", "/a?at=9", 404))["error"]["code"] == "future_revision"

    rest(test)


def test_a_key_may_hold_a_dot_or_a_slash() -> None:
    async def test(http: Http, server: Server) -> None:
        await http("PUT", "/ip/10.0.0.0%2F24/dev", json="eth0")
        assert await http("GET", "/ip") == {"10.0.0.0/24": {"dev": "eth0"}}
        assert (await http("GET", "/ip/10.0.0.0%2F24?meta=1"))["path"] == 'ip."10.0.0.0/24"'

    rest(test)


def test_expectations_and_conflicts() -> None:
    async def test(http: Http, server: Server) -> None:
        await http("PUT", "/a?expect=0", json=1)
        lost = await http("PUT", "/a?expect=0&tega_id=late", 409, json=2)
        assert (lost["error"]["code"], lost["error"]["detail"]["actual"]) == ("conflict", 1)
        await http("PUT", "/a?expect=1&message=why&tega_id=bob", json=3)
        log = await http("GET", "/_log?after=1")
        assert (log[0]["author"], log[0]["message"]) == ("bob", "why")

    rest(test)


def test_a_regular_expression_reads_with_groups() -> None:
    async def test(http: Http, server: Server) -> None:
        for router in ("pe1", "pe2"):
            await http("PUT", f"/operational-{router}/ip", json={"addr": []})
        found = await http("GET", r"/operational-(\w*)\.ip?regex_flag=True")
        assert [(one["path"], one["groups"]) for one in found] == [
            ("operational-pe1.ip", [["pe1"]]),
            ("operational-pe2.ip", [["pe2"]]),
        ]

    rest(test)


def test_transactions_over_http() -> None:
    async def test(http: Http, server: Server) -> None:
        txid = (await http("POST", "/_begin"))["txid"]
        await http("PUT", f"/a?txid={txid}", json=1)
        await http("PUT", f"/b?txid={txid}", json=2)
        await http("GET", "/a", 404)
        assert await http("GET", f"/a?txid={txid}") == 1
        assert len(await http("GET", f"/_cand?txid={txid}")) == 2
        assert (await http("POST", f"/_commit?txid={txid}"))["rev"] == 1
        await http("POST", f"/_cancel?txid={txid}", 404)
        assert await http("GET", "/") == {"a": 1, "b": 2}

    rest(test)


def test_history_over_http() -> None:
    async def test(http: Http, server: Server) -> None:
        for value in (1, 2, 3):
            await http("PUT", "/a/x", json=value)
        assert await http("GET", "/_diff?since=1&until=3") == [{"path": "a.x", "before": 1, "after": 3}]
        done = await http("POST", "/_rollback", json={"root": "a", "to": 1, "by_version": True})
        assert (done["rev"], done["reverts"]) == (4, 1)
        assert await http("GET", "/a/x") == 1
        assert await http("GET", "/_roots") == {"a": 4}
        lines = await http("GET", "/_export")
        await http("POST", "/_clear")
        assert await http("GET", "/_old") == {"a": 5}
        await http("POST", "/_import", json={"lines": lines, "mode": "replace"})
        assert await http("GET", "/a/x") == 1
        assert await http("GET", "/_head") == 6
        await http("POST", "/_snapshot")
        await http("POST", "/_verify")

    rest(test)


def test_head_changes_nothing() -> None:
    async def test(http: Http, server: Server) -> None:
        await http("PUT", "/a", json=1)
        for command in COMMANDS:
            answer = await http.http.head(f"/_{command}?path=a&root=a&to=0&before=1&channel=c")
            assert answer.status_code in (200, 400)
        assert (await http.http.head("/_watch")).status_code == 200
        answer = await http.http.request("HEAD", "/a", content=b"2")
        assert (answer.status_code, answer.headers["tega-revision"], answer.content) == (200, "1", b"")
        assert (await http.http.head("/b")).status_code == 404
        assert await http("GET", "/_head") == 1
        assert await http("GET", "/") == {"a": 1}

    rest(test)


def guarded(**tokens: Any) -> Any:
    """A auth with a token for each name, sixteen times its first letter."""
    grants = (
        Grant(name, hashlib.sha256((name[0] * 16).encode()).digest(), rights)
        for name, rights in tokens.items()
    )
    return {"auth": Auth(tuple(grants))}


def test_nobody_writes_in_the_name_of_another() -> None:
    async def test(http: Http, server: Server) -> None:
        async with Client(server.url, name="admin", token="c" * 16) as session:
            assert session.name == "clerk/admin"
            await session.put("s", 1)
            headers = {"Authorization": f"Bearer {'c' * 16}"}
            for name in ("bob", "admin/x", "clerk", "", "clerk/eve"):
                await http("PUT", f"/a?tega_id={name}", json=name, headers=headers)
            await http("PUT", "/a?tega_id=admin", 409, json=1, headers=headers)
            for wrong in ("%1b[31mred", "a%0ab", "x" * 200):
                await http("PUT", f"/a?tega_id={wrong}", 400, json=1, headers=headers)
            log = await http("GET", "/_log", headers={"Authorization": f"Bearer {'b' * 16}"})
            assert [one["author"] for one in log] == [
                "clerk/admin", "clerk/bob", "clerk/admin/x", "clerk", "clerk", "clerk/eve"
            ]  # fmt: skip
            key = {"Tega-Session": f"clerk/admin:{session._key}"}
            await http("PUT", "/a", json=1, headers={**headers, **key})
            await http("PUT", "/a", 401, json=1, headers={"Authorization": f"Bearer {'b' * 16}", **key})

    rest(test, **guarded(boss=FULL, clerk=access(write=["**"], read=["s"])))


def test_a_request_id_of_another_token_says_nothing() -> None:
    async def test(http: Http, server: Server) -> None:
        boss, clerk = ({"Authorization": f"Bearer {sign * 16}"} for sign in "bc")
        await http("PUT", "/a?request=r", json=1, headers=boss)
        assert (await http("PUT", "/a?request=r", json=2, headers=clerk))["rev"] == 2
        assert (await http("PUT", "/a?request=r", json=1, headers=boss))["rev"] == 1

    rest(test, **guarded(boss=FULL, clerk=access(write=["a"])))


def test_edges_are_those_of_a_graph() -> None:
    async def test(http: Http, server: Server) -> None:
        await http("PUT", "/r/a", json={"x": 1})
        await http("PUT", "/r/a/x", json=2)
        await http("PUT", "/s", json={"y": 1})
        down = [["r(2)", "r.a(2)"], ["r.a(2)", "r.a.x(2)"]]
        both = [pair for one in down for pair in (one, one[::-1])]
        assert await http("GET", "/_edges?root_oid=r") == both
        assert len(await http("GET", "/_edges")) == 6
        old = await http("GET", "/_edges?root_oid=r&old_roots=True")
        assert old[:4] == both
        assert ["r.a(1)", "r.a.x(1)"] in old[4:]

    rest(test)


def test_what_comes_with_the_fleet_is_named() -> None:
    async def test(http: Http, server: Server) -> None:
        for command in ("global", "forwarders", "sync"):
            assert "come with the fleet" in (await http("GET", f"/_{command}", 404))["error"]["message"]

    rest(test)


def test_versions_count_back_from_the_present_one() -> None:
    async def test(http: Http, server: Server) -> None:
        for value in (1, 2, 3):
            await http("PUT", "/a/x", json=value)
        assert await http("GET", "/a/x?version=-1") == 2
        assert await http("GET", "/a/x?version=-2") == 1
        await http("GET", "/a/x?version=-3", 404)
        assert (await http("POST", "/_rollback?root_oid=a&backto=-2"))["reverts"] == 1
        assert await http("GET", "/a/x") == 1
        assert (await http("POST", "/_rollback?tega_id=me&root_oid=a&backto=3"))["reverts"] == 3
        await http("POST", "/_rollback", 400, json={"root": "a", "to": -1})

    rest(test)


def test_what_is_large_is_read_and_written_beside_the_loop() -> None:
    async def test(http: Http, server: Server) -> None:
        wide = {f"k{i}": {"x": i} for i in range(5000)}
        await http("PUT", "/a", json=wide)
        assert await http("GET", "/a") == wide
        assert http.headers["tega-revision"] == "1"
        assert (await http("GET", "/a?meta=1"))["value"] == wide
        assert len(await http("GET", r"/a\..*?regex=1")) == 5000
        await http("PUT", "/b", json=["x"] * 5000)
        assert await http("GET", "/b") == ["x"] * 5000
        async with Client(server.url) as db:
            async with db.subscribe("") as notices:
                await db.put("c", wide)
                await db.put("c.k1", 5)
                await db.delete("c")
                reported = [await anext(notices) for _ in range(3)]
            assert [one.changes[0].value for one in reported] == [wide, 5, {**wide, "k1": 5}]
            assert (await db.get("a")).value == wide

    rest(test)


def test_calls_and_messages_over_http() -> None:
    async def test(http: Http, server: Server) -> None:
        async with Client(server.url, name="owner") as db:
            await db.offer("a.f", lambda x, y=0: x + y)
            assert await http("POST", "/a/f", json={"args": [1], "kwargs": {"y": 2}}) == {"result": 3}
            failed = await http("POST", "/a/f", 502, json={"args": ["x"], "kwargs": {"y": 2}})
            assert failed["error"]["message"].startswith("TypeError")
            await http("POST", "/a/g", 404)
            async with db.listen("news") as news:
                assert await http("POST", "/_publish", json={"channel": "news", "body": [1]}) == 1
                assert (await anext(news)).body == [1]
            assert "owner" in await http("GET", "/_ids")

    rest(test)


def test_an_ephemeral_node_needs_a_session_and_its_key() -> None:
    async def test(http: Http, server: Server) -> None:
        async with Client(server.url, name="owner") as db:
            await http("PUT", "/e?ephemeral=true", 400, json=1)
            await http("PUT", "/e?tega_id=owner", 409, json=1)
            async with Client(server.url, name="rest"):
                await http("GET", "/_head")
            for forged in ("owner:wrong", "nobody:x", "owner", ""):
                await http("PUT", "/e?ephemeral=true", 401, json=1, headers={"Tega-Session": forged})
            shown = {"Tega-Session": f"owner:{db._key}"}
            await http("PUT", "/e?ephemeral=true", json=1, headers=shown)
            assert await http("GET", "/e") == 1
        assert await http("GET", "/") == {}

    rest(test)


def test_the_description_names_every_operation_and_the_page_needs_nothing_else() -> None:
    async def test(http: Http, server: Server) -> None:
        described = await http("GET", "/_openapi.json")
        assert described["openapi"].startswith("3.1")
        assert {"/{path}", "/_put", "/_rollback", "/_cand", "/_watch"} <= set(described["paths"])
        for path, methods in described["paths"].items():
            if path.startswith("/_") and path != "/_watch":
                assert methods["post"]["summary"]
        text = json.dumps(described)
        names = set(described["components"]["schemas"])
        assert all(f"#/components/schemas/{name}" in text for name in ("Put", "Apply", "Step"))
        assert "Put" in names
        page = await http("GET", "/_docs")
        assert "/_rollback" in page
        assert "http://" not in page.replace("/_docs", "")

    rest(test)


def test_events_stream_commits_and_messages() -> None:
    async def test(http: Http, server: Server) -> None:
        await http("PUT", "/a", json=1)
        async with http.http.stream("GET", "/_watch?path=a&after=0") as answer:
            lines = answer.aiter_lines()
            first = await _event(lines)
            assert (first["id"], first["data"]["commits"][0]["rev"]) == ("1", 1)
            await http("PUT", "/a", json=2)
            assert (await _event(lines))["data"]["commits"][0]["changes"][0]["value"] == 2
        again = {"Last-Event-ID": first["id"]}
        async with http.http.stream("GET", "/_watch?path=a&after=0", headers=again) as answer:
            assert (await _event(answer.aiter_lines()))["id"] == "2"
        async with http.http.stream("GET", "/_watch?channel=news") as answer:
            lines = answer.aiter_lines()
            await anext(lines)
            await http("POST", "/_publish", json={"channel": "news", "body": 7})
            assert (await _event(lines))["data"]["body"] == 7
        for _ in range(3):
            await http("GET", "/_watch?nonsense=1&after=x", 400)
            await http("GET", "/_watch?after=99", 404)
        assert len(server.hub.sessions) <= 2, "those whose streams ended"

    rest(test)


async def _event(lines: Any) -> Any:
    event = {}
    while True:
        line = await asyncio.wait_for(anext(lines), 5)
        name, _, value = line.partition(": ")
        if name in ("id", "event"):
            event[name] = value
        elif name == "data":
            return {**event, "data": json.loads(value)}
