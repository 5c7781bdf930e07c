"""Sessions that are Established and yet exchange no IPv6 route, as bgpd has no next hop for them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nlan.engines.frr.run.files import Files
from support import Nlan

INTERNAL = """
asn: 64500
ipv6: true
nodes: {r1: {hosts: 1}, r2: {hosts: 1}}
links: [{link: r1 -- r2, ospf: false}]
"""
EXTERNAL = INTERNAL.replace("asn: 64500", "asn: auto")


def until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ospf: false", "ospf: false, type: l2vpn"),
        ("type: l2vpn, ospf: false, vni: 7", "type: l2vpn, ospf: false, vni: 8"),
    ],
    ids=["link-type", "vni"],
)
def test_an_internal_session_has_routes_after_its_link_was_made_again(
    nlan: Nlan, before: str, after: str
) -> None:
    """The session survives the link, since nothing tells bgpd; its next hop would be ::ffff:10.1.0.1."""
    first, second = (INTERNAL.replace("ospf: false", text) for text in (before, after))
    lab = nlan.name()
    nlan("up", nlan.write(first), "--lab", lab)
    for text in (second, first):
        plan = nlan("plan", nlan.write(text), "--lab", lab, "--json", code=2).json["operations"]
        reasons = {o["namespace"]: o["reason"] for o in plan if o["kind"] == "frr"}
        assert reasons == {
            "r1": "resets 2001:db8:1::2 (the address below is made again)",
            "r2": "resets 2001:db8:1::1 (the address below is made again)",
        }
        assert {o["impact"] for o in plan if o["kind"] == "frr"} == {"session"}
        nlan("up", nlan.write(text), "--lab", lab, "--timeout", "10")
        nlan("ping", "2001:db8:3:1::2", "2001:db8:3:2::2", "-l", lab)
        assert nlan.operations(nlan.write(text), "--lab", lab) == []


def test_a_session_that_came_up_before_its_interface_was_known_is_reset(nlan: Nlan) -> None:
    """As on a busy machine: bgpd is called before zebra answers it, here since its socket is not there."""
    lab, file = nlan.name(), nlan.write(EXTERNAL)
    nlan("up", file, "--lab", lab)
    _start_without_zebra(lab, "r1")
    until(lambda: _session(nlan, lab).get("nexthop") == "0.0.0.0", 20)
    assert _session(nlan, lab)["bgpState"] == "Established"
    status = nlan.run("status", lab, "--json").json
    assert status["nodes"]["r1"]["state"] == "drift"
    (operation,) = nlan("plan", file, "--lab", lab, "--json", code=2).json["operations"]
    assert operation["reason"] == "resets 2001:db8:1::2 (it has no next hop for it)"
    assert operation["impact"] == "session"
    nlan("up", file, "--lab", lab, "--timeout", "20")
    nlan("ping", "2001:db8:3:1::2", "2001:db8:3:2::2", "-l", lab)
    assert nlan.operations(file, "--lab", lab) == []


def _session(nlan: Nlan, lab: str) -> dict[str, Any]:
    text = nlan.inside(lab, "r1", "vtysh", "-d", "bgpd", "-c", "show bgp ipv6 neighbors json")
    found: dict[str, Any] = json.loads(text or "{}").get("2001:db8:1::2", {})
    return found


def _start_without_zebra(lab: str, node: str) -> None:
    """Start bgpd anew; until its session is up, there is no zebra to be reached."""
    run = Path(f"/run/nlan/{lab}/nodes/{node}/run-frr")
    pid = int((run / "bgpd.pid").read_text(encoding="ascii"))
    command = Path(f"/proc/{pid}/cmdline").read_text(encoding="ascii").split("\0")[:-1]
    zebra = (run / "zebra.pid").read_text(encoding="ascii").strip()
    enter = ["nsenter", "--target", zebra, "--net", "--mount", "--uts"]
    os.kill(pid, signal.SIGTERM)
    until(lambda: not Path(f"/proc/{pid}/exe").exists(), 10)
    (run / "zserv.api").rename(run / "zserv.off")
    null = subprocess.DEVNULL
    words = [*enter, "setsid", "--fork", *command]
    subprocess.run(words, stdin=null, stdout=null, stderr=null, check=True)
    until(lambda: "%ADJCHANGE: neighbor 2001:db8:1::2(r2) in vrf default Up" in _new_lines(run), 20)
    (run / "zserv.off").rename(run / "zserv.api")


def _new_lines(run: Path) -> str:
    log = Files(run.parent, "bgpd").log
    return log.read_text(encoding="utf-8").rpartition("Terminating on signal")[2]
