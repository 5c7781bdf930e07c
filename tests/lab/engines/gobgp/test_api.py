"""The API of a real GoBGP: who may dial."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from nlan.engines.gobgp import api
from nlan.engines.gobgp.client import Client, program
from nlan.errors import NotFoundError, PeerError

MANY = 3000
"""Prefixes whose list is longer than what a server may send unasked (65535 bytes)."""


def start(network: Any, count: int, eventually: Callable[..., None]) -> Client:
    network.wire(rr={"lo": "10.0.0.9/32"})
    prefixes = [f"{ip_address(0xC6120000 + number)}/32" for number in range(count)]
    config = {
        "global": {"config": {"as": 64496, "router-id": "10.0.0.9"}},
        "peer-groups": [{"config": {"peer-group-name": "all", "peer-as": 64497}}],
        "dynamic-neighbors": [{"config": {"prefix": p, "peer-group": "all"}} for p in prefixes],
    }
    file = network.place.make_directory("rr") / "config.json"
    file.write_text(json.dumps(config))
    argv = [
        program("gobgpd"),
        "-f",
        str(file),
        "-t",
        "json",
        "--pprof-disable",
        "--api-hosts",
        "127.0.0.1:50051",
    ]
    network.place.spawn("rr", argv)
    client = Client(network.place, "rr")
    eventually(client.is_ready)
    eventually(lambda: len(client.dynamic_neighbors()) == count)
    return client


@pytest.fixture
def one(network: Any, eventually: Callable[..., None]) -> Client:
    return start(network, 1, eventually)


def stop(network: Any) -> int:
    """Stop the daemon, wait until all its threads stand still, and return its number."""
    (pid,) = (pid for pid, name in network.processes("rr").items() if name == "gobgpd")
    os.kill(pid, signal.SIGSTOP)
    while any(file.read_text().rpartition(")")[2].split()[0] != "T" for file in stats(pid)):
        os.sched_yield()
    return pid


def stats(pid: int) -> Iterator[Path]:
    return Path("/proc", str(pid), "task").glob("*/stat")


def test_who_may_dial_is_told_and_taken_away(one: Client) -> None:
    assert one.dynamic_neighbors() == {"198.18.0.0/32": "all"}
    one.delete_dynamic_neighbor("198.18.0.0/32", "all")
    assert one.dynamic_neighbors() == {}


def test_a_long_list_comes_whole(network: Any, eventually: Callable[..., None]) -> None:
    found = start(network, MANY, eventually).dynamic_neighbors()
    assert len(found) == MANY
    assert set(found.values()) == {"all"}


def test_what_it_does_not_know_it_refuses(one: Client, network: Any) -> None:
    with one._connected() as connection, pytest.raises(PeerError, match="refuses Nonsense"):
        api._call(connection, "Nonsense", b"")


def test_one_that_hangs_does_not_hold_us_up(
    one: Client, network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "TIMEOUT_S", 0.2)
    pid = stop(network)
    with pytest.raises(PeerError, match="does not answer ListDynamicNeighbor"):
        one.dynamic_neighbors()
    os.kill(pid, signal.SIGCONT)


def test_a_command_outlasts_a_pause(one: Client, network: Any) -> None:
    pid = stop(network)
    wakes = threading.Timer(1.5, os.kill, (pid, signal.SIGCONT))
    wakes.start()
    one.tell([("global", "rib", "add", "203.0.113.0/24")])
    wakes.join()
    assert "203.0.113.0/24" in one.ask("global", "rib")
    with pytest.raises(NotFoundError, match=r"rr: .*nonsense"):
        one.tell([("global", "rib", "add", "nonsense")])


def test_where_none_runs(network: Any) -> None:
    network.wire(rr={"lo": "10.0.0.9/32"})
    with pytest.raises(NotFoundError, match="rr: GoBGP does not answer"):
        Client(network.place, "rr").dynamic_neighbors()
    with pytest.raises(NotFoundError):
        Client(network.place, "rr").ask("neighbor")
