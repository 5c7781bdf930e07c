"""Killed at any operation, or with any operation failing: the same command goes on, or all is undone."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import runner
from nlan import api
from nlan.api.environment.context import kinds
from support import Machine, Nlan

BEFORE = """
nodes:
  r1: {asn: 64496, hosts: {203.0.113.1/26: 1}, limits: {pids: 200}, routes: {192.0.2.128/25: blackhole}}
  r2: {asn: 64497, engine: gobgp, dns: {}, firewall: {default: allow}, links: {tap0: {}, m0: {on: "r1:eth1"}}}
networks:
  wan: {nodes: [r1, r2], vni: 7, prefix: 198.51.100.0/24}
links:
- {link: r1 -- r2, prefix: 203.0.113.128/30, bgp: false, rate: 10M}
"""
AFTER = """
nodes:
  r1: {asn: 64496, hosts: {203.0.113.65/26: 1}, limits: {pids: 300}}
  r2: {asn: 64498, engine: gobgp, dns: {domain: lab.example}, firewall: {default: allow, rules: allow}}
links:
- {link: r1 -- r2, prefix: 203.0.113.128/30, bgp: false, rate: 20M}
networks:
  wan: {nodes: [r1, r2], vni: 7, prefix: 198.51.100.0/25, mtu: 1400}
  lan: {nodes: {r1: {rate: 10M}, r2: {}}, type: lan, prefix: 192.0.2.0/24, bgp: false}
"""


NOBODY = "00:00:00:00:00:00"


class Lab(NamedTuple):
    """A lab's name and its two files."""

    nlan: Nlan
    name: str
    before: Path
    after: Path

    def up(self, file: Path) -> list[str]:
        done = runner.up(self.name, file)
        assert done is not None
        return done

    def down(self) -> None:
        runner.down(self.name)

    def operations(self, file: Path) -> list[str]:
        plan = api.Lab.from_file(file, name=self.name).plan()
        return [str(operation) for operation in plan.operations]

    def dump(self) -> set[str]:
        return dump(self.name)

    def dump_after_up(self) -> set[str]:
        self.up(self.before)
        try:
            return self.dump()
        finally:
            self.down()


@pytest.fixture
def lab(nlan: Nlan, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("NLAN_STATE_DIR", nlan.env["NLAN_STATE_DIR"])
    before, after = Path(nlan.write(BEFORE, "before.yaml")), Path(nlan.write(AFTER, "after.yaml"))
    return Lab(nlan, nlan.name(), before, after)


def test_the_files_have_every_kind_of_operation(lab: Lab) -> None:
    planned = lab.nlan("plan", str(lab.before), "--json", code=2).json["operations"]
    all_kinds = {kind.resource.kind for kind in kinds()} | {"frr", "gobgp"}
    others = {"stack", "foreign"} | {
        "nic",
        "device",
    }  # by drift alone; not for every machine, see their own tests
    assert {o["kind"] for o in planned} == all_kinds - others
    lab.up(lab.before)
    change = lab.nlan("plan", str(lab.after), "--lab", lab.name, "--json", code=2).json["operations"]
    assert {operation["action"] for operation in change} == {"create", "update", "delete", "replace"}


def test_up_killed_at_every_operation_goes_on(lab: Lab) -> None:
    machine = Machine.look(lab.name)
    count = len(lab.up(lab.before))
    wanted = lab.dump()
    lab.down()
    for n in range(count):
        assert runner.up(lab.name, lab.before, kill_at=n) is None
        lab.up(lab.before)
        assert lab.operations(lab.before) == []
        assert lab.dump() == wanted, n
        lab.down()
        machine.same(lab.name)


def test_what_a_killed_up_leaves_is_removed_by_down(lab: Lab) -> None:
    """At every third operation: what `up` goes on from, above, is the same."""
    machine = Machine.look(lab.name)
    n = 0
    while runner.up(lab.name, lab.before, kill_at=n) is None:
        lab.down()
        machine.same(lab.name)
        n += 3
    assert n > 40
    lab.down()


def test_a_change_killed_at_every_operation_goes_on(lab: Lab) -> None:
    lab.up(lab.before)
    count = len(lab.up(lab.after))
    wanted = lab.dump()
    for n in range(count):
        lab.up(lab.before)
        assert runner.up(lab.name, lab.after, kill_at=n) is None
        lab.up(lab.after)
        assert lab.dump() == wanted, n


def test_a_killed_change_goes_back_too(lab: Lab) -> None:
    """From any state (here every third) the way is found towards the former file, too."""
    lab.up(lab.before)
    wanted = lab.dump()
    n = 0
    while runner.up(lab.name, lab.after, kill_at=n) is None:
        lab.up(lab.before)
        assert lab.dump() == wanted, n
        n += 3
    assert n > 20


def test_down_killed_at_every_operation_goes_on(lab: Lab) -> None:
    machine = Machine.look(lab.name)
    lab.up(lab.before)
    n = 0
    while runner.down(lab.name, kill_at=n) is None:
        lab.down()
        machine.same(lab.name)
        lab.up(lab.before)
        n += 1
    assert n == 4  # namespaces: the fabric, two routers, a host
    machine.same(lab.name)


def dump(lab: str) -> set[str]:
    """Return what `ip` and `bridge` say of each namespace: links, addresses, nlan's routes, flooding.

    The daemons' routes are left out: they come after the daemons are up.
    """
    names = [name for name in os.listdir("/run/netns") if name.startswith(f"{lab}.")]
    return {f"{name}: {line}" for name in names for line in _lines(name)}


def _lines(namespace: str) -> Iterator[str]:
    for link in _ip(namespace, "ip", "address"):
        addresses = sorted(
            f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"] if a["scope"] == "global"
        )
        up = "up" if "UP" in link["flags"] else "down"
        yield f"link {link['ifname']} {link['mtu']} {link['address']} {up} {link.get('master')} {addresses}"
    for route in _ip(namespace, "ip", "route"):
        if route["protocol"] in ("kernel", "110"):
            yield f"route {route['dst']} {route.get('gateway')} {route['dev']} {route['protocol']}"
    for entry in _ip(namespace, "bridge", "fdb"):
        if entry["mac"] == NOBODY:
            yield f"flood {entry['ifname']} {entry['dst']}"
    yield from _processes(namespace)


def _ip(namespace: str, program: str, what: str) -> list[dict[str, Any]]:
    done = subprocess.run([program, "-n", namespace, "-j", what], capture_output=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return found


def _processes(namespace: str) -> list[str]:
    words = ["ip", "netns", "pids", namespace]
    pids = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    return [Path("/proc", pid, "comm").read_text(encoding="utf-8").strip() for pid in pids]


def test_any_operation_of_an_up_failing_leaves_nothing(lab: Lab) -> None:
    machine = Machine.look(lab.name)
    count = len(lab.up(lab.before))
    lab.down()
    for n in range(count):
        with pytest.raises(runner.FailedError) as raised:
            runner.up(lab.name, lab.before, fail_at=n)
        _, operation, reason = raised.value.args
        assert reason.startswith("No such luck\n"), operation
        assert reason.endswith("everything was undone: the network is as it was before")
        machine.same(lab.name)


def test_any_operation_of_a_change_failing_leaves_what_was(lab: Lab) -> None:
    lab.up(lab.before)
    wanted = lab.dump()
    count = len(lab.operations(lab.after))
    for n in range(count):
        with pytest.raises(runner.FailedError, match="everything was undone"):
            runner.up(lab.name, lab.after, fail_at=n)
        assert lab.dump() == wanted, n
        assert lab.operations(lab.before) == []
    history = lab.nlan("history", lab.name, "-n", "1", "--json").json
    assert history[0]["applied"]
    assert history[0]["message"].startswith("undone: ")


def test_a_link_in_the_way_is_named_and_all_is_undone(lab: Lab) -> None:
    """Somebody has put a link of the wanted name into the node meanwhile: the kernel itself refuses."""
    lab.up(lab.before)
    wanted = lab.dump()
    lab.nlan.inside(lab.name, "r1", "ip", "link", "add", "int_br8", "type", "bridge")
    network = "  more: {nodes: [r1, r2], vni: 8, prefix: 192.0.2.0/26, bgp: false}\n"
    more = BEFORE.replace("links:\n", f"{network}links:\n")
    answer = lab.nlan("up", lab.nlan.write(more, "more.yaml"), "--lab", lab.name, code=1)
    assert "an operation failed; undoing what was done" in answer.err
    assert "error: r1: create r1 bridge int_br8: " in answer.err
    assert "everything was undone: the network is as it was before" in answer.err
    assert "Traceback" not in answer.err
    status = lab.nlan("status", lab.name, "--json").json
    assert status["drift"]["operations"] == []
    lab.nlan.inside(lab.name, "r1", "ip", "link", "del", "int_br8")
    assert lab.dump() == wanted


def test_a_line_that_frr_refuses_is_named_and_all_is_undone(lab: Lab) -> None:
    machine = Machine.look(lab.name)
    file = lab.nlan.write(
        "nodes:\n  r1: {asn: 64496, frr: 'router bgp 64496\n\n     no such line'}\n", "raw.yaml"
    )
    answer = lab.nlan("up", file, "--lab", lab.name, "--strict", code=1)
    assert "error: r1: create r1 frr " in answer.err
    assert "no such line" in answer.err
    machine.same(lab.name)


def test_a_gobgpd_whose_number_nobody_wrote_down_is_replaced(lab: Lab) -> None:
    """As after a kill between its start and the note: it holds the ports that the next one needs."""
    lab.up(lab.before)
    Path("/run/nlan", lab.name, "nodes", "r2", "gobgpd.pid").unlink()
    assert lab.operations(lab.before) == ["create r2 gobgp gobgpd"]
    lab.up(lab.before)
    assert lab.operations(lab.before) == []
    assert _processes(f"{lab.name}.r2") == ["dnsmasq", "gobgpd"]


def test_killed_at_any_moment_goes_on(lab: Lab) -> None:
    """Not only between operations: SIGKILL at moments over the whole length of the command."""
    wanted = lab.dump_after_up()
    for moment in range(1, 13):
        process = lab.nlan.start("up", str(lab.before), "--lab", lab.name, "--wait", "no")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=moment * 0.04)
        process.kill()
        process.communicate()
        lab.up(lab.before)
        assert lab.dump() == wanted, moment
        lab.down()
