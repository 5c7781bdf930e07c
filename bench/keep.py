"""How fast `nlan keep` repairs, and what it costs while nothing happens.

Run as root: ``python bench/keep.py [--ring 1000] [--idle 20]``. Repairs are measured on wan-bgp.yaml,
from before the command that does the damage is started to keep's own line, which it prints once the
repair is done; medians of ``RUNS`` (5). Damage that is an FRR command goes through vtysh.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import ENV, PYTHON, ROOT, header, medians, nlan, show

LAB, RING = "bench-keep", "bench-ring"
TICKS = os.sysconf("SC_CLK_TCK")


class Keep:
    """A running keep whose lines are read as they come."""

    def __init__(self, lab: str) -> None:
        self.begun = time.perf_counter()
        argv = [PYTHON, "-m", "nlan", "keep", lab, "--json"]
        self.process = subprocess.Popen(argv, env=ENV, stdout=subprocess.PIPE)
        self._rest = b""
        self.wait(lambda note: note["event"] == "keeping")
        self.start_s = time.perf_counter() - self.begun

    def wait(self, fits: Callable[[dict[str, Any]], bool], seconds: float = 30.0) -> dict[str, Any]:
        """Return the next line that fits."""
        assert self.process.stdout is not None
        descriptor, deadline = self.process.stdout.fileno(), time.monotonic() + seconds
        while True:
            line, found, rest = self._rest.partition(b"\n")
            if found:
                self._rest = rest
                note: dict[str, Any] = json.loads(line)
                if fits(note):
                    return note
                continue
            if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise SystemExit("keep does not say what was waited for")
            self._rest += os.read(descriptor, 65536)

    def quiet(self, seconds: float) -> None:
        """Wait until it has said nothing for so long: sessions come up again, addresses settle."""
        assert self.process.stdout is not None
        while select.select([self.process.stdout], [], [], seconds)[0]:
            self._rest += os.read(self.process.stdout.fileno(), 65536)
        self._rest = b""

    def cpu_s(self) -> float:
        """Return the processor seconds it has used."""
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / TICKS

    def rss_mb(self) -> float:
        """Return the memory it holds."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def end(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def inside(node: str, *words: str) -> Callable[[], None]:
    return lambda: subprocess.run(["ip", "netns", "exec", f"{LAB}.{node}", *words], check=True) and None


def kill(path: str) -> Callable[[], None]:
    return lambda: os.kill(int(Path("/run/nlan", LAB, "nodes", path).read_text()), signal.SIGKILL)


def vtysh(node: str, *lines: str) -> Callable[[], None]:
    words = [word for line in lines for word in ("-c", line)]
    return lambda: nlan("exec", node, "-l", LAB, "--", "vtysh", *words) and None


FDB = ("fdb", "del", "00:00:00:00:00:00", "dev", "vxlan1", "dst", "10.10.10.2")
DAMAGE: dict[str, tuple[Callable[[], None], str, str]] = {
    "a link deleted (bridge of an L2VPN)": (inside("pe1", "ip", "link", "del", "int_br1"), "pe1", "address"),
    "an underlay link deleted": (inside("ce1", "ip", "link", "del", "eth0"), "ce1", "address"),
    "an address deleted": (
        inside("pe1", "ip", "address", "del", "10.200.1.1/24", "dev", "int_br1"),
        "pe1",
        "address",
    ),
    "an FDB entry deleted": (inside("pe1", "bridge", *FDB), "pe1", "fdb"),
    "a route deleted": (inside("ce1.172.21.1.2", "ip", "route", "del", "default"), "ce1/172.21.1.2", "route"),
    "ip_forward flipped": (inside("pe1", "sysctl", "-qw", "net.ipv4.ip_forward=0"), "pe1", "sysctl"),
    "accept_local flipped": (
        inside("pe1", "sysctl", "-qw", "net.ipv4.conf.all.accept_local=0"),
        "pe1",
        "sysctl",
    ),
    "a BGP peer removed by vtysh": (
        vtysh("pe1", "configure terminal", "router bgp 100", "no neighbor 10.200.1.5"),
        "pe1",
        "frr",
    ),
    "bgpd killed": (kill("pe1/run-frr/bgpd.pid"), "pe1", "frr"),
    "gobgpd killed": (kill("rr/gobgpd.pid"), "rr", "gobgp"),
}


def repairs() -> None:
    nlan("up", str(ROOT / "examples/wan-bgp.yaml"), "--lab", LAB)
    keep = Keep(LAB)

    def once(damage: Callable[[], None], node: str, kind: str) -> float:
        keep.quiet(1.5)
        begun = time.perf_counter()
        damage()
        keep.wait(
            lambda note: note["event"] == "repaired" and (note["namespace"], note["kind"]) == (node, kind)
        )
        return (time.perf_counter() - begun) * 1000

    try:
        for what, (damage, node, kind) in DAMAGE.items():
            show(f"repaired: {what}", medians(lambda d=damage, n=node, k=kind: once(d, n, k)), "ms", "≤ 1000")  # type: ignore[misc]
    finally:
        keep.end()
        nlan("down", LAB)


def idle(count: int, seconds: float) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(nlan("generate", "ring", str(count)))
        file.flush()
        nlan("up", file.name, "--lab", RING)
    try:
        keep = Keep(RING)
        show(f"ring of {count}: keep is ready", (keep.start_s,) * 3, "s", "-")
        keep.quiet(10.0)
        before = keep.cpu_s()
        time.sleep(seconds)
        share = (keep.cpu_s() - before) / seconds * 100
        show(f"ring of {count}: idle, share of a core", (share,) * 3, "%", "< 3")
        show(f"ring of {count}: memory", (keep.rss_mb(),) * 3, "MB", "-")
        begun = time.perf_counter()
        subprocess.run(["ip", "-n", f"{RING}.h1", "link", "del", "eth1"], check=True)
        keep.wait(lambda note: note["event"] == "repaired" and note["kind"] == "address")
        show(f"ring of {count}: a link repaired", ((time.perf_counter() - begun) * 1000,) * 3, "ms", "≤ 1000")
        keep.end()
    finally:
        nlan("down", RING)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--ring", type=int, default=1000, help="hosts of the ring (0: leave it out)")
    words.add_argument("--idle", type=float, default=20.0, help="seconds that idling is measured")
    arguments = words.parse_args()
    header()
    repairs()
    if arguments.ring:
        idle(arguments.ring, arguments.idle)


if __name__ == "__main__":
    main()
