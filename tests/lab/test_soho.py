"""A small office behind a router: leases, names, NAT, a firewall; changed, hurt and repaired as it runs."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from drifting import wait_until
from support import EXAMPLES, Nlan

SOHO = EXAMPLES / "soho.yaml"
LEASED = ("pc1", "pc2", "printer", "guest", "sensor")


@pytest.fixture(scope="module")
def nlan(module_nlan: Nlan) -> Nlan:
    """Of one lab for all tests."""
    return module_nlan


@pytest.fixture
def lab(nlan: Nlan) -> str:
    """The example, up as it is written, each client with its lease."""
    name = nlan.name("soho")
    nlan("up", str(SOHO), "--lab", name)
    wait_until(lambda: all(leases(nlan, name).values()), lambda: str(leases(nlan, name)))
    return name


def leases(nlan: Nlan, lab: str) -> dict[str, list[str]]:
    """Return the addresses that clients have by DHCP."""
    words = ("ip", "-j", "-4", "address", "show", "dev", "eth1")
    answers = nlan("exec", "-l", lab, "--all", "--json", "--", *words).json
    found = {node: json.loads(answers[node]["stdout"] or "[]") for node in LEASED}
    return {
        node: [one["local"] for link in links for one in link.get("addr_info", ())]
        for node, links in found.items()
    }


def test_who_reaches_whom_by_which_name(nlan: Nlan, lab: str) -> None:
    found = leases(nlan, lab)
    assert found["printer"] == ["192.168.1.20"]
    assert all(found[pc][0].startswith("192.168.1.") for pc in ("pc1", "pc2"))
    assert 100 <= int(found["guest"][0].rpartition(".")[2]) <= 199
    pc, guest, sensor, web = found["pc1"][0], found["guest"][0], found["sensor"][0], "203.0.113.80"
    assert reached(nlan, lab, "pc1", web, guest, sensor, "192.168.1.1") == {web, guest, sensor, "192.168.1.1"}
    assert reached(nlan, lab, "guest", web, pc, sensor, "192.168.2.1") == {web}
    assert reached(nlan, lab, "sensor", web, pc, guest, "192.168.3.1") == set()
    assert reached(nlan, lab, "isp", "198.51.100.1") == {"198.51.100.1"}
    for name, address in (("nas", "192.168.1.10"), ("printer", "192.168.1.20"), ("pc2", found["pc2"][0])):
        answer = nlan.inside(lab, "pc1", "busybox", "nslookup", f"{name}.home.example", "192.168.1.1")
        assert address in answer
    assert nlan.operations(str(SOHO), "--lab", lab) == []


def reached(nlan: Nlan, lab: str, source: str, *targets: str) -> set[str]:
    """Return which of the targets answer a node's ping."""
    script = 'for one; do ping -n -c 1 -W 0.3 "$one" >/dev/null && echo "$one"; done; true'
    return set(nlan.inside(lab, source, "sh", "-c", script, "sh", *targets).split())


def test_the_outside_sees_the_routers_address_and_the_port_that_is_forwarded(nlan: Nlan, lab: str) -> None:
    serve = "busybox nc -l -p 80 -e echo hello"
    served = nlan.start("exec", "nas", "-l", lab, "--", *serve.split())
    wait_until(lambda: ":80" in nlan.inside(lab, "nas", "ss", "-Hltn"))
    assert nlan.inside(lab, "web", "sh", "-c", "busybox nc -w 2 198.51.100.1 8080 </dev/null") == "hello\n"
    served.communicate(timeout=20)
    accept = "import socket; print(socket.create_server(('', 81)).accept()[1][0])"
    watch = nlan.start("exec", "web", "-l", lab, "--", "python3", "-c", accept)
    wait_until(lambda: ":81" in nlan.inside(lab, "web", "ss", "-Hltn"))
    nlan.inside(lab, "pc1", "sh", "-c", "busybox nc -w 1 203.0.113.80 81 </dev/null")
    assert watch.communicate(timeout=20)[0] == "198.51.100.1\n"


def test_changes_in_place_lose_no_ping(nlan: Nlan, lab: str) -> None:
    text = SOHO.read_text()
    more = "- allow tcp 443 from things to isp\n    - deny from things to self"
    changed = nlan.write(
        text.replace("- deny from things to self", more)
        .replace("{nas: 192.168.1.10}", "{nas: 192.168.1.10, new: 192.168.1.11}")
        .replace("printer: 192.168.1.20}", "printer: 192.168.1.20, pc9: 192.168.1.21}")
    )
    before = pid_of(nlan, lab)
    with nlan.pinging(lab, "pc1", "203.0.113.80"):
        assert nlan.operations(changed, "--lab", lab) == [
            "~ home nft inet nlan_firewall [hitless]",
            "~ home program dnsmasq [hitless]",
        ]
        nlan("up", changed, "--lab", lab)
    assert pid_of(nlan, lab) == before
    wait_until(lambda: "192.168.1.11" in lookup(nlan, lab, "new.home.example"))
    assert nlan.operations(changed, "--lab", lab) == []
    longer = nlan.write(text.replace("lease: 12h", "lease: 24h"))
    with nlan.pinging(lab, "pc1", "203.0.113.80"):
        nlan("up", longer, "--lab", lab)
    assert pid_of(nlan, lab) != before
    assert "192.168.1.20" in lookup(nlan, lab, "printer.home.example"), "leases outlive a restart"


def test_what_is_killed_or_changed_is_seen_and_repaired(nlan: Nlan, lab: str) -> None:
    os.kill(pid_of(nlan, lab), signal.SIGKILL)
    nlan.inside(lab, "home", "nft", "flush", "chain", "inet", "nlan_firewall", "forward")
    wait_until(lambda: not Path(f"/proc/{pid_of(nlan, lab)}/exe").exists())
    drift = nlan("status", lab, "--json", code=1).json["drift"]["operations"]
    assert sorted((o["action"], o["kind"]) for o in drift) == [("create", "program"), ("update", "nft")]
    nlan("up", str(SOHO), "--lab", lab)
    assert nlan.operations(str(SOHO), "--lab", lab) == []
    assert "192.168.1.10" in lookup(nlan, lab, "nas.home.example")


def lookup(nlan: Nlan, lab: str, name: str) -> str:
    return nlan.run("exec", "pc1", "-l", lab, "--", "busybox", "nslookup", name, "192.168.1.1").out


def pid_of(nlan: Nlan, lab: str) -> int:
    return int((Path("/run/nlan") / lab / "nodes" / "home" / "dnsmasq.pid").read_text())
