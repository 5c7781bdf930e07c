import asyncio
import os
import tomllib
import tracemalloc
from importlib.metadata import EntryPoint
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from nlan.model import to_builtins
from nlan.schema import load
from nlan.tega_plugins.deploy import KEEP, checked
from nlan.tega_plugins.deploy import run as deploy
from nlan.tega_plugins.ipam import assign
from nlan.tega_plugins.server_client import talks
from nlan.tega_plugins.subnets import next_hops, table
from nlan.tega_plugins.topo import draw
from tega.client import Client
from tega.errors import RemoteError
from unit.tega.plugins.test_plugins import STATE
from unit.tega.serving import run, served, until

ROOT = Path(__file__).parents[3]
GROUP = "tega.plugins"
POINTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][GROUP]
INSTALLED = [EntryPoint(name, value, GROUP) for name, value in POINTS.items()]
"""What nlan's distribution declares."""


def test_ipam_counts_up_in_the_order_given() -> None:
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


def test_topo_draws_new_and_old_files() -> None:
    new = {"Ptn": {"wan": {"Links": {"LocalIp": "1", "RemoteIps": ["2", "3"]}}}}
    old = {"Ptn": {"Networks": [{"Id": "wan", "Links": {"LocalIp": "2", "RemoteIps": ["1"]}}]}}
    drawn = draw([("b", old), ("a", new), ("c", {"Ptn": None}), ("d", 5)])
    assert drawn["nodes"] == [{"id": "1", "router": "a"}, {"id": "2", "router": "b"}]
    assert [(e["id"], e["source"], e["target"]) for e in drawn["edges"]] == [
        ("n0", "1", "2"),
        ("n1", "1", "3"),
        ("n2", "2", "1"),
    ]


def test_topo_draws_what_nlan_keeps() -> None:
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


def test_next_hops_are_edges_between_routers() -> None:
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


def via(address: Any) -> Any:
    return {"Via": address}


def test_talks_are_client_and_server() -> None:
    row = {"Ip": "10.0.0.1", "ForeignIp": "10.0.0.2", "ForeignPort": "179"}
    tables = [{"tcp": [row, row, {**row, "ForeignPort": "22"}], "udp": None}]
    assert talks(179, tables) == [["10.0.0.1", "10.0.0.2"]]


def test_everything_the_original_had_works_together(tmp_path: Path) -> None:
    (tmp_path / "ptn.yaml").write_text(STATE)
    settings = {"template.folder": str(tmp_path), "deploy.command": "echo deploying"}

    async def work() -> None:
        async with served(enable=["all"], settings=settings, installed=INSTALLED) as db:
            assert set(await db.ask("plugins")) == {"template", *POINTS}
            assert "Ipam" in await db.ask("ids")
            await db.call("plugins.ipam", "10.10.10.1", "pe1", "pe2")
            assert (await db.get("ip")).value == {"pe1": "10.10.10.1/24", "pe2": "10.10.10.2/24"}
            assert await db.call("plugins.template", "ptn.yaml") == ["config-pe1", "config-pe2"]
            assert (await db.get("config-pe2.Ptn.wan.Links.LocalIp")).value == "10.10.10.2"
            await until(lambda: edges(db, 2))
            await db.delete("config-pe2")
            await until(lambda: edges(db, 1))

            async def route() -> None:
                await db.put("operational-pe1.ip.route", {"10.9.0.0/16": {"Via": "10.10.10.2"}})

            async def addr() -> None:
                await db.put("operational-pe1.ip.addr", {"10.10.10.1": {}})

            async def broken() -> None:
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


async def edges(db: Client, number: Any) -> Any:
    topo = await db.get("topo")
    return topo is not None and len(topo.value["edges"]) == number


def test_a_deployment_that_talks_without_end_costs_no_memory() -> None:
    tracemalloc.start()
    try:
        done = run(deploy(["sh", "-c", "head -c 20000000 /dev/zero; echo end; exit 3"]))
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
    assert (done["status"], len(done["output"]), done["output"][-5:]) == (3, KEEP, "\0end\n")


@pytest.mark.parametrize("name", ["--help", "-x", "", "a b", "a\0", "../x", "pe1\n", "_x"])
def test_a_deployment_takes_no_name_for_an_option(name: Any) -> None:
    assert checked(["pe1", "pe-2.lab", "3"]) == ["pe1", "pe-2.lab", "3"]
    with pytest.raises(ValueError, match="no name of a router"):
        checked(["pe1", name])


def test_a_deployment_ends_with_its_call(tmp_path: Path) -> None:
    """Also when the command itself is over, and a service that it started still holds its output."""
    os.mkfifo(tmp_path / "stop")

    async def work() -> None:
        for command in ("exec >&- 2>&-; sleep 60", f"setsid cat {tmp_path}/stop &"):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(deploy(["sh", "-c", command]), 0.2)

    run(work())
    os.close(os.open(tmp_path / "stop", os.O_RDWR | os.O_NONBLOCK))
