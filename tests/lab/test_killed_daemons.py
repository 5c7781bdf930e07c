"""A killed daemon that `up` has started again is as good as new: what is added later is known to all.

r1 speaks BGP with r2, OSPF of both versions with r3, RIP and BFD besides; of the LANs that are added to
it, r2 and r3 must learn all, end to end.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from pathlib import Path

from nlan.engines.frr.programs import has_manager
from nlan.engines.frr.run.files import Files
from support import Nlan

DAEMONS = ("zebra", "mgmtd", "bgpd", "ospfd", "ospf6d", "staticd", "ripd", "bfdd")
LAB = """
nodes:
  r1:
    asn: 64496
    ospf: true
    hosts: {LANS}
    routes: {ROUTES}
    bgp: {redistribute: [connected, static]}
    frr: |
      router rip
       network eth2
      exit
      bfd
       peer 198.51.100.6
  r2: {asn: 64497}
  r3: {ospf: true}
links:
- {link: r1 -- r2, prefix: [198.51.100.0/30, "2001:db8:12::/64"], ospf: false}
- {link: r1 -- r3, prefix: [198.51.100.4/30, "2001:db8:13::/64"], ospf: true}
"""


def _text(added: int) -> str:
    """Return the lab with so many LANs and static routes."""
    lans = [f'203.0.113.{16 * n + 1}/28: 1, "2001:db8:f{n}::1/64": 1' for n in range(added + 1)]
    routes = [f"192.0.2.{16 * n}/28: blackhole" for n in range(added + 1)]
    return LAB.replace("{LANS}", f"{{{', '.join(lans)}}}").replace("{ROUTES}", f"{{{', '.join(routes)}}}")


def test_after_the_kill_of_each_daemon_an_added_lan_is_announced(nlan: Nlan) -> None:
    lab = nlan.name()
    nlan("up", nlan.write(_text(0)), "--lab", lab)
    for added, daemon in enumerate((d for d in DAEMONS if d != "mgmtd" or has_manager()), 1):
        _kill(lab, "r1", daemon)
        before = nlan.write(_text(added - 1))
        nlan("up", before, "--lab", lab, "--wait", "up")
        assert nlan.operations(before, "--lab", lab) == [], daemon
        nlan("up", nlan.write(_text(added)), "--lab", lab, "--wait", "up")
        _awaits(nlan, lab, "r2", {f"203.0.113.{16 * added}/28", f"192.0.2.{16 * added}/28"}, daemon)
        _awaits(nlan, lab, "r3", {f"203.0.113.{16 * added}/28", f"2001:db8:f{added}::/64"}, daemon)


def _kill(lab: str, node: str, daemon: str) -> None:
    pid = int(Files(Path(f"/run/nlan/{lab}/nodes/{node}"), daemon).pid.read_text(encoding="ascii"))
    descriptor = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    assert select.select([descriptor], [], [], 10)[0]
    os.close(descriptor)


def _awaits(nlan: Nlan, lab: str, node: str, prefixes: set[str], daemon: str) -> None:
    deadline = time.monotonic() + 15
    while missing := prefixes - _routes(nlan, lab, node):
        assert time.monotonic() < deadline, (daemon, node, missing)
        time.sleep(0.1)


def _routes(nlan: Nlan, lab: str, node: str) -> set[str]:
    found = (nlan.inside(lab, node, "ip", "-j", family, "route") for family in ("-4", "-6"))
    return {route["dst"] for text in found for route in json.loads(text or "[]")}
