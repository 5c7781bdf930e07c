import asyncio
import os
import sys
import textwrap
import tracemalloc
from itertools import permutations
from pathlib import Path

import pytest

from nlan.model import to_builtins
from nlan.schema import load
from tega.api import Op
from tega.client import Client
from tega.errors import RemoteError, StoreClosed
from tega.plugins import Plugin
from tega.plugins.deploy import KEEP, checked
from tega.plugins.deploy import run as deploy
from tega.plugins.host import BUILTIN, PluginError
from tega.plugins.ipam import assign
from tega.plugins.server_client import talks
from tega.plugins.subnets import next_hops, table
from tega.plugins.template import render
from tega.plugins.topo import draw
from unit.tega.serving import run, served, serving, until

STATE = """
pe1:
  Ptn:
    wan: {Links: {LocalIp: "${pe1}", RemoteIps: ["${pe2}"]}}
pe2:
  Ptn:
    wan: {Links: {LocalIp: "${pe2}", RemoteIps: ["${pe1}"]}}
"""


def test_ipam_counts_up_in_the_order_given():
    assert assign("10.10.10.254/23", ("a", "b", "c")) == {
        "a": "10.10.10.254/23",
        "b": "10.10.10.255/23",
        "c": "10.10.11.0/23",
    }
    assert assign("2001:db8::1", ("a",)) == {"a": "2001:db8::1/64"}
    assert assign("192.0.2.0/31", ("a", "b")) == {"a": "192.0.2.0/31", "b": "192.0.2.1/31"}
    for first, routers, said in [
        ("10.0.0.250", tuple("abcdefg"), "no room for 7"),
        ("10.0.0.254", ("a", "b"), "no room for 2"),
        ("10.0.0.0/24", ("a",), "no room for 1"),
        ("255.255.255.254", ("a", "b", "c"), "no room for 3"),
        ("2001:db8::ffff:ffff:ffff:ffff", ("a", "b"), "no room for 2"),
        ("10.0.0.1", (), "wants the names"),
        ("10.0.0.1", ("a", "a"), "twice"),
        ("x", ("a",), "x"),
    ]:
        with pytest.raises(ValueError, match=said):
            assign(first, routers)


def test_a_template_fills_in_addresses_and_runs_nothing():
    addresses = {"pe1": "10.0.0.1/24", "pe2": "10.0.0.2/24"}
    assert render(STATE, addresses)["pe1"]["Ptn"]["wan"]["Links"] == {
        "LocalIp": "10.0.0.1",
        "RemoteIps": ["10.0.0.2"],
    }
    loop = "{% for r in ['pe1','pe2'] %}{{ r }}: {ip: {{ ip[r] }}}\n{% endfor %}"
    assert render(loop, addresses) == {"pe1": {"ip": "10.0.0.1"}, "pe2": {"ip": "10.0.0.2"}}
    for text, said in [
        ("a: ${nobody}", "no address in ip for nobody"),
        ("{{ nobody }}", "cannot be rendered"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "cannot be rendered"),
        ("[1, 2]", "mapping"),
        ("1: x", "mapping"),
    ]:
        with pytest.raises(ValueError, match=said):
            render(text, addresses)


def test_topo_draws_new_and_old_files():
    new = {"Ptn": {"wan": {"Links": {"LocalIp": "1", "RemoteIps": ["2", "3"]}}}}
    old = {"Ptn": {"Networks": [{"Id": "wan", "Links": {"LocalIp": "2", "RemoteIps": ["1"]}}]}}
    drawn = draw([("b", old), ("a", new), ("c", {"Ptn": None}), ("d", 5)])
    assert drawn["nodes"] == [{"id": "1", "router": "a"}, {"id": "2", "router": "b"}]
    assert [(e["id"], e["source"], e["target"]) for e in drawn["edges"]] == [
        ("n0", "1", "2"),
        ("n1", "1", "3"),
        ("n2", "2", "1"),
    ]


def test_topo_draws_what_nlan_keeps():
    text = """
        nodes: [a, b, c]
        networks: {wan: {nodes: [a, b, c], prefix: 10.0.0.0/24}}
        links: [{link: a -- b, type: l2vpn}]
    """
    lab = load(Path("lab.yaml"), text=text).lab
    drawn = draw((node.name, to_builtins(node)) for node in lab.nodes)
    local = {node["router"]: node["id"] for node in drawn["nodes"]}
    assert set(local) == {"a", "b", "c"}
    assert {(e["source"], e["target"]) for e in drawn["edges"]} == set(permutations(local.values(), 2))


def test_next_hops_are_edges_between_routers():
    tables = [
        table(
            "a",
            {
                "ip": {
                    "addr": ["10.0.0.1/24"],
                    "route": {"default": {"Via": "9"}, "10.2.0.0/16": via("10.0.0.2")},
                }
            },
        ),
        table(
            "b",
            {
                "ip": {
                    "addr": {"10.0.0.2": {}},
                    "route": {"10.1.0.0/16": via("192.0.2.9"), "10.0.0.0/24": via("")},
                }
            },
        ),
        table("c", {}),
        table(
            "d",
            {
                "addresses": {"eth0": ["10.0.0.4/24"]},
                "routes": {
                    "0.0.0.0/0": {"protocol": "static", "hops": [{"via": "10.0.0.1", "dev": "eth0"}]},
                    "10.0.0.0/24": {"protocol": "kernel", "hops": [{"dev": "eth0"}]},
                    "10.2.0.0/16": {
                        "protocol": "bgp",
                        "hops": [{"via": "10.0.0.1", "dev": "eth0"}, {"via": "10.0.0.2", "dev": "eth0"}],
                    },
                },
            },
        ),
    ]
    assert next_hops(tables) == {
        "10.2.0.0/16": [["a", "b"], ["d", "a"], ["d", "b"]],
        "10.1.0.0/16": [["b", "192.0.2.9"]],
    }


def via(address):
    return {"Via": address}


def test_talks_are_client_and_server():
    row = {"Ip": "10.0.0.1", "ForeignIp": "10.0.0.2", "ForeignPort": "179"}
    tables = [{"tcp": [row, row, {**row, "ForeignPort": "22"}], "udp": None}]
    assert talks(179, tables) == [["10.0.0.1", "10.0.0.2"]]


def test_everything_the_original_had_works_together(tmp_path):
    (tmp_path / "ptn.yaml").write_text(STATE)
    settings = {"template.folder": str(tmp_path), "deploy.command": "echo deploying"}

    async def work():
        async with served(enable=["all"], settings=settings) as db:
            assert set(await db.ask("plugins")) == set(BUILTIN)
            assert "Ipam" in await db.ask("ids")
            await db.call("plugins.ipam", "10.10.10.1", "pe1", "pe2")
            assert (await db.get("ip")).value == {"pe1": "10.10.10.1/24", "pe2": "10.10.10.2/24"}
            assert await db.call("plugins.template", "ptn.yaml") == ["config-pe1", "config-pe2"]
            assert (await db.get("config-pe2.Ptn.wan.Links.LocalIp")).value == "10.10.10.2"
            await until(lambda: edges(db, 2))
            await db.delete("config-pe2")
            await until(lambda: edges(db, 1))

            async def route():
                await db.put("operational-pe1.ip.route", {"10.9.0.0/16": {"Via": "10.10.10.2"}})

            async def addr():
                await db.put("operational-pe1.ip.addr", {"10.10.10.1": {}})

            async def broken():
                raise OSError("no netstat")

            await db.offer("operational-pe1.ip.hook.route", route)
            await db.offer("operational-pe1.ip.hook.addr", addr)
            await db.offer("stats-pe1.hook.netstat", broken)
            hooked = await db.call("plugins.hook")
            assert hooked["called"] == 2
            assert "no netstat" in hooked["failed"]["stats-pe1.hook.netstat"]
            await db.put("operational-pe2.ip", {"addr": ["10.10.10.2/24"]})
            await db.call("plugins.subnets")
            assert (await db.get("graph.subnets")).value == {"10.9.0.0/16": [["pe1", "pe2"]]}
            row = {"Ip": "10.10.10.1", "ForeignIp": "10.10.10.2", "ForeignPort": 179}
            await db.put("stats-pe1.netstat", {"tcp": [row]})
            await db.call("plugins.server_client", 179)
            assert (await db.get("graph.server_client.179")).value == [["10.10.10.1", "10.10.10.2"]]
            assert await db.call("plugins.deploy") == {"status": 0, "output": "deploying pe1 pe2\n"}
            for bad in ("../ptn.yaml", "/etc/passwd", "none.yaml"):
                with pytest.raises(RemoteError, match="there is no file"):
                    await db.call("plugins.template", bad)

    run(work())


async def edges(db, number):
    topo = await db.get("topo")
    return topo is not None and len(topo.value["edges"]) == number


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


def test_a_deployment_that_talks_without_end_costs_no_memory():
    tracemalloc.start()
    try:
        done = run(deploy(["sh", "-c", "head -c 20000000 /dev/zero; echo end; exit 3"]))
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
    assert (done["status"], len(done["output"]), done["output"][-5:]) == (3, KEEP, "\0end\n")


@pytest.mark.parametrize("name", ["--help", "-x", "", "a b", "a\0", "../x", "pe1\n", "_x"])
def test_a_deployment_takes_no_name_for_an_option(name):
    assert checked(["pe1", "pe-2.lab", "3"]) == ["pe1", "pe-2.lab", "3"]
    with pytest.raises(ValueError, match="no name of a router"):
        checked(["pe1", name])


def test_a_deployment_ends_with_its_call(tmp_path):
    """Also when the command itself is over, and a service that it started still holds its output."""
    os.mkfifo(tmp_path / "stop")

    async def work():
        for command in ("exec >&- 2>&-; sleep 60", f"setsid cat {tmp_path}/stop &"):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(deploy(["sh", "-c", command]), 0.2)

    run(work())
    os.close(os.open(tmp_path / "stop", os.O_RDWR | os.O_NONBLOCK))


def test_a_folders_plugins_are_loaded_and_loaded_again(tmp_path, caplog, monkeypatch):
    """Also within the second in which Python would take its bytecode for the new file's."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = tmp_path / "greeter.py"
    file.write_text(GREETER)

    async def work():
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


def test_a_plugin_that_hears_no_more_is_logged(caplog):
    class Listener(Plugin):
        pass

    async def ended():
        raise StoreClosed("the client was closed")
        yield

    run(Listener(None, {})._run(ended(), print))
    assert "plugin.deaf name=Listener reason=the client was closed" in caplog.text


def test_a_plugin_that_does_not_start_is_left_out_and_said(tmp_path):
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

    async def work():
        async with served(folders=[tmp_path], enable=["ipam"]) as db:
            shown = await db.ask("plugins")
            assert shown["Bad"] == {"failed": "OSError: no such device"}
            assert shown["Odd"]["failed"].startswith("TypeError: Odd.__init__() takes 2 positional")
            assert shown["ipam"]["session"] == "Ipam"
            assert "Bad" not in await db.ask("ids")

    run(work())


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Packages with plugins, as an installer leaves them."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(module, source, name):
        (tmp_path / f"{module}.py").write_text(source)
        about = tmp_path / f"{module}-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1\n")
        (about / "entry_points.txt").write_text(f"[tega.plugins]\n{name} = {module}:Greeter\n")

    return install


def test_a_plugin_of_an_installed_package_is_loaded_by_its_name(installed):
    installed("tega_test_greeter", GREETER, "greet")

    async def work():
        async with served(enable=["greet"], settings={"greet.word": "Hi"}) as db:
            assert await db.call("plugins.greet", "Ann") == "Hi, Ann"
            assert (await db.ask("plugins"))["greet"] == {"session": "Greeter", "doc": "Says hello."}
        async with served(enable=["all"]) as db:
            assert set(await db.ask("plugins")) == {*BUILTIN, "greet"}

    run(work())


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import nothing_of_that_name", "plugin bad: ModuleNotFoundError: No module named 'nothing_of"),
        ("1 / 0", "plugin bad: ZeroDivisionError"),
        ("", "plugin bad: AttributeError: .*no attribute 'Greeter'"),
        ("class Greeter: pass", "plugin bad: .* is not a subclass"),
    ],
)
def test_a_package_whose_plugin_cannot_be_loaded_is_named(installed, monkeypatch, source, said):
    monkeypatch.delitem(sys.modules, "tega_test_bad", raising=False)
    installed("tega_test_bad", source, "bad")

    async def work():
        async with serving(enable=["bad"]):
            pass

    with pytest.raises(PluginError, match=said):
        run(work())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"enable": ["nonsense"]}, "there is no plugin nonsense; there are ipam"),
        ({"folders": ["none"]}, "is no folder"),
    ],
)
def test_a_plugin_that_was_named_must_be_there(tmp_path, options, said):
    options = {**options, "folders": [tmp_path / name for name in options.get("folders", [])]}

    async def work():
        async with serving(**options):
            pass

    with pytest.raises(PluginError, match=said):
        run(work())


def test_a_plugin_lives_on_when_its_nodes_went_while_the_server_stood_still(tmp_path):
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

    async def work():
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


def test_a_plugin_hears_every_commit_also_when_they_come_in_a_flood(tmp_path):
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

    async def work():
        async with served(folders=[tmp_path]) as db:
            revs = [(await db.put("n", i)).rev for i in range(300)]

            async def seen():
                return await db.call("seen") == revs

            await until(seen)
            assert (await db.log())[-1].changes[0].op is Op.PUT

    run(work())
