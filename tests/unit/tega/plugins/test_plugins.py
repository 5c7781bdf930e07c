import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from tega.api import Op
from tega.client import Client
from tega.errors import StoreClosed
from tega.plugins import Plugin
from tega.plugins.host import PluginError
from tega.plugins.template import render
from unit.tega.serving import run, served, serving, until

STATE = """
pe1:
  Ptn:
    wan: {Links: {LocalIp: "${pe1}", RemoteIps: ["${pe2}"]}}
pe2:
  Ptn:
    wan: {Links: {LocalIp: "${pe2}", RemoteIps: ["${pe1}"]}}
"""


def test_a_template_fills_in_addresses_and_runs_nothing() -> None:
    addresses = {"pe1": "10.0.0.1/24", "pe2": "10.0.0.2/24"}
    assert render(STATE, addresses)["pe1"]["Ptn"]["wan"]["Links"] == {
        "LocalIp": "10.0.0.1",
        "RemoteIps": ["10.0.0.2"],
    }
    loop = "{% for r in ['pe1','pe2'] %}{{ r }}: {ip: {{ ip[r] }}}\n{% endfor %}"
    assert render(loop, addresses) == {"pe1": {"ip": "10.0.0.1"}, "pe2": {"ip": "10.0.0.2"}}
    for text, wanted in [
        ("a: ${nobody}", "no address in ip for nobody"),
        ("{{ nobody }}", "cannot be rendered"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "cannot be rendered"),
        ("[1, 2]", "mapping"),
        ("1: x", "mapping"),
    ]:
        with pytest.raises(ValueError, match=wanted):
            render(text, addresses)


GREETER = """
from tega.plugins import Plugin

class Greeter(Plugin):
    "Says hello."

    async def on_init(self):
        await self.offer("plugins.greet", self.greet)
        await self.subscribe("names", regex=False)
        await self.listen("calls")

    async def greet(self, name):
        return f"{self.options.get('word', 'Hello')}, {name}"

    async def on_notify(self, notice):
        for change in notice.changes:
            if change.value == "trouble":
                raise ValueError(change.value)
            await self.db.put(("greeted", change.path[-1]), await self.greet(change.value))

    async def on_message(self, channel, sender, body):
        await self.db.publish("answers", [sender, body])
"""


def test_a_folders_plugins_are_loaded_and_loaded_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also within the second in which Python would take its bytecode for the new file's."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = tmp_path / "greeter.py"
    file.write_text(GREETER)

    async def work() -> None:
        async with served(folders=[tmp_path], settings={"Greeter.word": "Hi"}) as db:
            assert await db.call("plugins.greet", "Ann") == "Hi, Ann"
            await db.put("names.x", "trouble")
            await db.put("names.b", "Bob")
            await until(lambda: db.get("greeted.b"))
            async with db.listen("answers") as answers:
                await db.publish("calls", 5)
                assert (await anext(answers)).body == ["me", 5]
            assert (await db.get("plugins.greet.rpc")).value["owner"] == "Greeter"
            file.write_text(GREETER.replace("Hello'", "Hello'").replace('}, {name}"', '} {name}!"'))
            await db.ask("reload")
            assert await db.call("plugins.greet", "Ann") == "Hi Ann!"
            file.write_text("import nothing_of_that_name")
            with pytest.raises(ValueError, match=r"greeter.py: ModuleNotFoundError"):
                await db.ask("reload")
            assert await db.ask("plugins") == {}
            assert await db.get("plugins") is None or not (await db.get("plugins")).value

    run(work())
    assert "plugin.failed" in caplog.text


def test_a_plugin_that_gets_no_more_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Listener(Plugin):
        pass

    async def ended() -> AsyncIterator[Any]:
        raise StoreClosed("the client was closed")
        yield

    run(Listener(Client("192.0.2.1"), {})._run(cast(Any, ended()), print))
    assert "plugin.deaf name=Listener reason=the client was closed" in caplog.text


def test_a_plugin_that_does_not_start_is_left_out_and_reported(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(
        textwrap.dedent("""
        from tega.plugins import Plugin
        class Bad(Plugin):
            async def on_init(self):
                raise OSError("no such device")
            async def on_stop(self):
                self.device.close()
        class Odd(Plugin):
            def __init__(self, db):
                super().__init__(db, {})
        """)
    )

    async def work() -> None:
        async with served(folders=[tmp_path], enable=["template"]) as db:
            shown = await db.ask("plugins")
            assert shown["Bad"] == {"failed": "OSError: no such device"}
            assert shown["Odd"]["failed"].startswith("TypeError: Odd.__init__() takes 2 positional")
            assert shown["template"]["session"] == "Template"
            assert "Bad" not in await db.ask("ids")

    run(work())


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Packages with plugins, as an installer leaves them."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(module: Any, source: Any, name: Any) -> None:
        (tmp_path / f"{module}.py").write_text(source)
        about = tmp_path / f"{module}-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1\n")
        (about / "entry_points.txt").write_text(f"[tega.plugins]\n{name} = {module}:Greeter\n")

    return install


def test_a_plugin_of_an_installed_package_is_loaded_by_its_name(installed: Any) -> None:
    installed("tega_test_greeter", GREETER, "greet")

    async def work() -> None:
        async with served(enable=["greet"], settings={"greet.word": "Hi"}) as db:
            assert await db.call("plugins.greet", "Ann") == "Hi, Ann"
            assert (await db.ask("plugins"))["greet"] == {"session": "Greeter", "doc": "Says hello."}
        async with served(enable=["all"]) as db:
            assert set(await db.ask("plugins")) >= {"template", "greet"}

    run(work())


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("import nothing_of_that_name", "plugin bad: ModuleNotFoundError: No module named 'nothing_of"),
        ("1 / 0", "plugin bad: ZeroDivisionError"),
        ("", "plugin bad: AttributeError: .*no attribute 'Greeter'"),
        ("class Greeter: pass", "plugin bad: .* is not a subclass"),
    ],
)
def test_a_package_whose_plugin_cannot_be_loaded_is_named(
    installed: Any, monkeypatch: pytest.MonkeyPatch, source: Any, wanted: Any
) -> None:
    monkeypatch.delitem(sys.modules, "tega_test_bad", raising=False)
    installed("tega_test_bad", source, "bad")

    async def work() -> None:
        async with serving(enable=["bad"]):
            pass

    with pytest.raises(PluginError, match=wanted):
        run(work())


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"enable": ["nonsense"]}, "there is no plugin nonsense; there are template"),
        ({"folders": ["none"]}, "is no folder"),
    ],
)
def test_a_plugin_that_was_named_must_be_there(tmp_path: Path, options: Any, wanted: Any) -> None:
    options = {**options, "folders": [tmp_path / name for name in options.get("folders", [])]}

    async def work() -> None:
        async with serving(**options):
            pass

    with pytest.raises(PluginError, match=wanted):
        run(work())


def test_a_plugin_lives_on_when_its_nodes_went_while_the_server_stood_still(tmp_path: Path) -> None:
    (tmp_path / "echo.py").write_text(
        textwrap.dedent("""
        from tega.plugins.base import Plugin
        class Echo(Plugin):
            async def on_init(self):
                await self.offer("plugins.echo", self.echo)
                await self.subscribe("a")
            async def echo(self, x):
                return x
            async def on_notify(self, notice):
                await self.db.put("heard", notice.changes[0].value)
        """)
    )

    async def work() -> None:
        async with serving(folders=[tmp_path]) as server, Client(server.url) as db:
            session = next(one for one in server.hub.sessions.values() if one.offers)
            session.lease.lost.set_result(None)
            await until(lambda: session.over)
            await until(lambda: any(one.offers for one in server.hub.sessions.values()))
            await until(lambda: server.hub.store.database.get("plugins.echo.rpc"))
            assert await db.call("plugins.echo", 5) == 5
            await db.put("a", 7)
            await until(lambda: (found := server.hub.store.database.get("heard")) and found.value == 7)

    run(work())


def test_a_plugin_hears_every_commit_also_when_they_come_in_a_flood(tmp_path: Path) -> None:
    (tmp_path / "counter.py").write_text(
        textwrap.dedent("""
        from tega.plugins import Plugin
        class Counter(Plugin):
            async def on_init(self):
                self.seen = []
                await self.subscribe("n")
                await self.offer("seen", lambda: self.seen)
            async def on_notify(self, notice):
                self.seen.append(notice.rev)
        """)
    )

    async def work() -> None:
        async with served(folders=[tmp_path]) as db:
            revs = [(await db.put("n", i)).rev for i in range(300)]

            async def seen() -> bool:
                return await db.call("seen") == revs

            await until(seen)
            assert (await db.log())[-1].changes[0].op is Op.PUT

    run(work())
