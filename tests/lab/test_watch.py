"""`nlan watch` tells what happens in a lab, with or without keep, and ends with the lab.

The lab: two routers of two ASes, a host behind each.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from samples import EBGP_PAIR
from support import Lines, Nlan

DEADLINE_S = 20.0


class Watch:
    """A running `nlan watch --json`, read event by event."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.pending: list[dict[str, Any]] = []
        self._lines = Lines(self.process)

    def wait(self, event: str, deadline_s: float = DEADLINE_S, **fields: Any) -> dict[str, Any]:
        """Return an event of that name with these fields, the first that was not returned before."""
        deadline = time.monotonic() + deadline_s
        for one in self._events(deadline):
            if one["event"] == event and fields.items() <= one.items():
                self.pending.remove(one)
                return one
        raise AssertionError(f"no {event} {fields}; there were {self.pending[-20:]}")

    def _events(self, deadline: float) -> Iterator[dict[str, Any]]:
        yield from list(self.pending)
        while line := self._lines.next(deadline):
            self.pending.append(json.loads(line))
            yield self.pending[-1]

    def ended(self) -> int:
        self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode


@contextmanager
def watching(nlan: Nlan, lab: str) -> Iterator[Watch]:
    """Watch, and go on once an event of ours shows that it does."""
    watch = Watch(nlan.start("watch", lab, "--json"))
    try:
        until_it_watches(lab, watch)
        yield watch
    finally:
        if watch.process.poll() is None:
            watch.process.send_signal(signal.SIGINT)
            assert watch.ended() == 0
        for pipe in (watch.process.stdout, watch.process.stderr):
            if pipe is not None:
                pipe.close()


def until_it_watches(lab: str, watch: Watch) -> None:
    """Move an address again and again until the watch tells of it."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        poke(lab)
        with suppress(AssertionError):
            watch.wait("address-removed", 0.3, value="203.0.113.1/32")
            return
        assert time.monotonic() < deadline


def poke(lab: str) -> None:
    for word in ("add", "del"):
        subprocess.run(["ip", "-n", f"{lab}.r1", "address", word, "203.0.113.1/32", "dev", "lo"], check=True)


def ip(lab: str, *words: str) -> None:
    subprocess.run(["ip", "-n", f"{lab}.r1", *words], check=True)


@pytest.fixture
def lab(nlan: Nlan) -> str:
    nlan("up", nlan.write(EBGP_PAIR), "--lab", nlan.name())
    return nlan.name()


def test_links_addresses_routes_sessions_and_daemons(nlan: Nlan, lab: str) -> None:
    with watching(nlan, lab) as watch:
        ip(lab, "link", "add", "foreign0", "type", "bridge")
        ip(lab, "link", "set", "foreign0", "up")
        watch.wait("link-down", node="r1", interface="foreign0")
        watch.wait("link-up", node="r1", interface="foreign0")
        ip(lab, "address", "add", "203.0.113.129/25", "dev", "foreign0")
        watch.wait("address-added", node="r1", interface="foreign0", value="203.0.113.129/25")
        watch.wait("route-added", node="r1", interface="foreign0", value="203.0.113.128/25")
        ip(lab, "link", "del", "foreign0")
        watch.wait("link-removed", node="r1", interface="foreign0")
        bgpd = Path("/run/nlan", lab, "nodes/r2/run-frr/bgpd.pid")
        os.kill(int(bgpd.read_text()), signal.SIGKILL)
        watch.wait("daemon-ended", node="r2", daemon="bgpd")
        watch.wait("session-down", node="r1", peer="10.1.0.2")
        nlan("up", nlan.write(EBGP_PAIR), "--lab", lab)
        watch.wait("daemon-started", node="r2", daemon="bgpd")
        watch.wait("session-up", node="r1", peer="10.1.0.2")


def test_operations_of_any_nlan(nlan: Nlan, lab: str) -> None:
    with watching(nlan, lab) as watch:
        more = nlan.write(EBGP_PAIR.replace("hosts: 1}\nlinks", "hosts: 2}\nlinks"))
        nlan("up", more, "--lab", lab, "--message", "one more")
        revision = watch.wait("revision", changed=["r2"], message="one more")["revision"]
        watch.wait("namespace-added", node="r2/172.21.2.3")
        watch.wait("applied", applied=revision)
        nlan.vtysh(lab, "r1", "configure terminal", "router bgp 64496", "no neighbor 10.1.0.2")
        watch.wait("configured", node="r1", line="no neighbor 10.1.0.2")


def test_a_database_that_gets_damaged_is_said_and_the_network_watched(nlan: Nlan, lab: str) -> None:
    """It was a traceback."""
    with watching(nlan, lab) as watch:
        for path in (nlan.directory / "state" / lab / "tega").iterdir():
            path.write_bytes(b"this is no database" * 500)
        nlan.run("status", lab)  # sets it aside
        nlan("up", nlan.write(EBGP_PAIR), "--lab", lab)
        watch.wait("database-lost")
        ip(lab, "address", "add", "203.0.113.129/25", "dev", "lo")
        watch.wait("address-added", node="r1", value="203.0.113.129/25")


def test_repairs_of_keep(nlan: Nlan, lab: str) -> None:
    nlan("keep", lab, "--detach")
    with watching(nlan, lab) as watch:
        ip(lab, "link", "del", "eth1")
        watch.wait("link-removed", node="r1", interface="eth1")
        watch.wait("link-up", node="r1", interface="eth1")
        watch.wait("repaired", operation="create r1 veth eth1: missing")


def test_it_ends_with_the_lab(nlan: Nlan, lab: str) -> None:
    with watching(nlan, lab) as watch:
        nlan("down", lab)
        watch.wait("namespace-removed", node="r1")
        assert watch.ended() == 0


def test_a_lab_without_its_database_is_watched_too(nlan: Nlan, lab: str) -> None:
    (nlan.directory / "state" / lab).rename(nlan.directory / "lost")
    with watching(nlan, lab) as watch:
        ip(lab, "link", "set", "eth1", "down")
        watch.wait("link-down", node="r1", interface="eth1")


def test_people_get_sentences(nlan: Nlan, lab: str) -> None:
    process = nlan.start("watch", lab)
    try:
        assert process.stdout is not None
        while not select.select([process.stdout], [], [], 0.2)[0]:
            poke(lab)
        poke(lab)
        lines = iter(process.stdout.readline, "")
        words = next(line for line in lines if "address-added" in line).split(maxsplit=2)
        assert words[1:] == ["address-added", "r1: address 203.0.113.1/32 on lo added\n"]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
