import json
from pathlib import Path
from typing import Any

import pytest

from tega.client import Client
from tega.errors import Conflict, StoreError
from tega.shell.base import Quit
from tega.shell.commands import COMMANDS
from tega.shell.interactive import complete_path
from tega.shell.lines import UsageError
from tega.shell.shell import Shell
from unit.tega.serving import run, served, serving, until


class Typist:
    """Types lines into a shell and keeps what it wrote."""

    def __init__(self, db: Client, *, json: bool = False) -> None:
        self.lines: list[str] = []
        self.values: list[str] = []
        self.shell = Shell(db, self.lines.append, self._ask, json=json)

    async def _ask(self) -> str:
        return self.values.pop(0)

    async def __call__(self, line: str, *values: str) -> str:
        self.lines.clear()
        self.values = list(values)
        await self.shell.run(line)
        return "\n".join(self.lines)


def typing(test: Any, **options: Any) -> None:
    async def work() -> None:
        async with served(**options) as db:
            await test(Typist(db))

    run(work())


def test_put_and_get() -> None:
    async def test(say: Any) -> None:
        await say("put r", "a: 1\nb: {c: 2}")
        assert await say("get r") == "a: 1\nb: {c: 2}"
        await say("put r.b.c 3")
        assert await say("get r.b.c") == "3"
        assert await say("get r 1") == "a: 1\nb: {c: 2}"
        assert await say("get r -1") == "a: 1\nb: {c: 2}"
        assert await say("get r.a @1") == "1"
        assert "rev: 2" in await say("geta r.b.c")
        await say("merge r", "d: x")
        await say("del r.a")
        assert await say("get r") == "b: {c: 3}\nd: x"
        with pytest.raises(StoreError, match=r"nothing is at r\.a"):
            await say("get r.a")

    typing(test)


def test_getr_shows_groups() -> None:
    async def test(say: Any) -> None:
        await say("put r-a {x: 1}")
        await say("put r-b {x: 2}")
        shown = await say(r"getr r-(\w)")
        assert shown == (
            "r-a:\n  groups:\n  - [a]\n  instance: {x: 1}\nr-b:\n  groups:\n  - [b]\n  instance: {x: 2}"
        )

    typing(test)


def test_transactions_with_their_candidate() -> None:
    async def test(say: Any) -> None:
        await say("put r {a: 1, b: 2}")
        assert "base: 1" in await say("begin a reason")
        await say("put r.a 5")
        await say("delete r.b")
        await say("merge s {x: 1}")
        assert await say("get r") == "{a: 5}"
        assert (await say("cand")).splitlines() == ["~ r.a: 1 -> 5", "- r.b: 2", "+ s.x: 1"]
        assert "rev: 2" in await say("commit")
        assert "# a reason" in await say("log 1")
        await say("begin")
        await say("put r.a 9")
        await say("cancel")
        assert await say("get r.a") == "5"
        for line in ("cand", "commit", "cancel"):
            with pytest.raises(UsageError, match="no transaction is open"):
                await say(line)
        await say("begin")
        with pytest.raises(UsageError, match="a transaction is open"):
            await say("begin")

    typing(test)


def test_collision_at_commit_between_two_terminals() -> None:
    async def work() -> None:
        async with serving() as server, Client(server.url) as one, Client(server.url) as two:
            first, second = Typist(one), Typist(two)
            await first("put r {a: 1, b: 3}")
            await first("begin")
            await second("begin")
            await first("put r.b 4")
            await second("put r.b 5")
            await second("commit")
            with pytest.raises(Conflict):
                await first("commit")
            assert await first("get r.b") == "5"

    run(work())


def test_history_diff_and_rollback() -> None:
    async def test(say: Any) -> None:
        for value in (1, 2, 3):
            await say(f"put r.x {value}")
        assert await say("diff 1 3") == "~ r.x: 1 -> 3"
        assert await say("diff") == "~ r.x: 2 -> 3"
        assert await say("diff 0 1 r") == "+ r.x: 1"
        assert "rev: 4" in await say("rollback r 1")
        assert await say("get r.x") == "1"
        await say("rollback r -1")
        assert await say("get r.x") == "3"
        await say("rollback * @2")
        assert await say("get r.x") == "2"
        assert len([line for line in (await say("log r 3")).splitlines() if "me" in line]) == 3
        assert await say("roots") == "{r: 6}"
        await say("clear")
        assert await say("roots") == "{}"
        assert await say("old") == "{r: 7}"

    typing(test)


def test_subscriptions_and_messages_and_calls() -> None:
    async def test(say: Any) -> None:
        db = say.shell.db
        await say("sub a.b")
        await say(r"subr c\..*")
        await db.put("a.b.x", 1)
        await db.publish("a.b", {"k": 1})
        await db.put("c.d", 2)
        await until(lambda: len(say.lines) == 3)
        text = "\n".join(say.lines)
        assert "+ a.b.x: 1" in text
        assert "<MESSAGE> a.b from me\n{k: 1}" in text
        assert "+ c.d: 2" in text
        assert "a.b" in await say("subscribers")
        assert "a.b" in await say("channels")
        assert "me" in await say("ids")
        assert await say("id") == "me"
        await say("unsub *")
        assert await say("subscribers") == "{}"
        await db.offer("f.add", lambda x, y=0: x + y)
        assert await say("f.add(1, y=2)") == "3"
        with pytest.raises(StoreError, match="TypeError"):
            await say("f.add()")
        assert await say("pub nobody hello") == ""

    typing(test)


def test_a_root_whose_name_is_quoted_is_rolled_back() -> None:
    async def test(say: Any) -> None:
        await say('put "r.1" 1')
        await say('put "r.1" 2')
        for to, value in [("@1", "1"), ("-1", "2"), ("1", "1")]:
            await say(f'rollback "r.1" {to}')
            assert await say('get "r.1"') == value

    typing(test)


def test_ephemeral_nodes_from_the_shell() -> None:
    async def test(say: Any) -> None:
        await say("pute e.x 1")
        assert "lease:" in await say("geta e.x")

    typing(test)


def test_keeping(tmp_path: Path) -> None:
    async def test(say: Any) -> None:
        await say("put a 1")
        await say("put b", '"\\u2028 \\x85"')
        await say(f"export {tmp_path}/all")
        assert await say("export") == (tmp_path / "all").read_text().rstrip("\n")
        await say("put a 2")
        assert "changes:" in await say(f"import {tmp_path}/all --replace --dry-run")
        assert await say("get a") == "2"
        await say(f"import {tmp_path}/all --replace")
        assert await say("get a") == "1"
        for line in ("ss", "verify", "head", "info", "plugins", "help", "compact 2", "log"):
            await say(line)
        for line in (
            "import",
            f"import {tmp_path}/none",
            "export a b",
            f"export {tmp_path}/none/x",
            "import x --nonsense",
        ):
            with pytest.raises(UsageError):
                await say(line)

    typing(test)


def test_the_tree_goes_through_yaml_and_back(tmp_path: Path) -> None:
    tree = {
        "a.b": {"true": 1, "1": None, "52:54:00:12:34:56": ["x", {"<<": 1.5}]},
        "text": {"=": "\u2028 \x85 \n:", "no": "no", "date": "2024-13-45", "empty": {}, "long": "x " * 200},
    }

    async def test(say: Any) -> None:
        for root, value in tree.items():
            await say(f'put "{root}"', json.dumps(value))
        await say("pute gone 1")
        await say(f"export {tmp_path}/all.yaml")
        await say("clear")
        await say("put other 1")
        assert "changes: " in await say(f"import {tmp_path}/all.yaml")
        assert (await say.shell.db.get("")).value == {"other": 1, **tree}
        await say(f"import {tmp_path}/all.yaml --replace")
        assert (await say.shell.db.get("")).value == tree
        (tmp_path / "bad.yml").write_text("- a")
        for line in (f"import {tmp_path}/bad.yml", f"export {tmp_path}/all.yml --history"):
            with pytest.raises(UsageError):
                await say(line)

    typing(test)


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "get a b c",
        "put",
        "merge a 5",
        "log a x",
        "rollback r",
        "rollback * 1",
        "rollback r.x @1",
        "head x",
        "pub",
    ],
)
def test_what_cannot_be_understood_says_so(line: Any) -> None:
    async def test(say: Any) -> None:
        with pytest.raises(UsageError):
            await say(line)

    typing(test)


def test_comments_and_leaving() -> None:
    async def test(say: Any) -> None:
        assert await say("# nothing") == await say("") == ""
        with pytest.raises(Quit):
            await say("q")

    typing(test)


def test_json_is_one_value_a_line() -> None:
    async def work() -> None:
        async with served() as db:
            say = Typist(db, json=True)
            assert json.loads(await say("put a {x: 1}")) == {"rev": 1, "roots": {"a": 1}}
            assert json.loads(await say("get a")) == {"x": 1}
            assert json.loads(await say("log"))["changes"][0]["path"] == "a"
            assert json.loads(await say("diff 0"))["after"] == 1
            assert json.loads(await say("pub c 1")) == {"reached": 0}

    run(work())


def test_paths_are_completed_with_their_quotes() -> None:
    async def test(say: Any) -> None:
        db = say.shell.db
        await db.put("config-pe1", {"ip": {"10.0.0.1": 1, "eth0": 2}})
        assert await complete_path(db, "conf") == ["config-pe1"]
        assert await complete_path(db, "config-pe1.ip.") == ['config-pe1.ip."10.0.0.1"', "config-pe1.ip.eth0"]
        assert await complete_path(db, "config-pe1.ip.e") == ["config-pe1.ip.eth0"]
        assert await complete_path(db, "a..") == []

    typing(test)


def test_the_commands_that_scripts_use_are_there() -> None:
    wanted = "get getr geta put pute delete begin commit cancel cand rollback log diff sub unsub pub channels"
    wanted += " subscribers ids plugins ss export import roots old clear reload"
    assert set(wanted.split()) <= set(COMMANDS)
