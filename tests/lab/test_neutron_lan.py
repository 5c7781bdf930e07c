"""State files of neutron-lan run as they are: who reaches whom, on the kernel."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from support import ROOT, STATES, WITH_CHAINS, Nlan

NETWORKS = ROOT / "tests/cases/neutron-lan/networks"
CHAIN = ROOT / "tests/cases/neutron-lan/chain"
ROUTERS = ROOT / "tests/cases/neutron-lan/routers"


def test_its_networks_carry_packets(nlan: Nlan) -> None:
    lab, file = nlan.name(), str(NETWORKS / "input.yaml")
    nlan("up", file, "--lab", lab)
    for source, target in (
        ("north", "10.7.0.2"),
        ("north", "10.8.0.2"),
        ("south", "10.9.0.2"),
        ("west", "10.5.0.1"),
        ("west/172.20.3.2", "172.20.3.3"),
        ("north", "198.51.100.200"),
    ):
        nlan("ping", source, target, "-l", lab)
    assert nlan.operations(file, "--lab", lab) == []


def test_the_roster_may_change_alone(nlan: Nlan, tmp_path: Path) -> None:
    """Addresses of the underlay are changed in place; the networks above it stay."""
    lab, file = nlan.name(), str(NETWORKS / "input.yaml")
    (tmp_path / "moved.yaml").write_text(
        (NETWORKS / "roster.yaml").read_text().replace("198.51.100.1,", "198.51.100.7,")
    )
    text = (NETWORKS / "input.yaml").read_text().replace("198.51.100.1]", "198.51.100.7]")
    moved = nlan.write(text, "moved-state.yaml")
    nlan("up", file, "--lab", lab)
    moving = (moved, "--lab", lab, "--roster", str(tmp_path / "moved.yaml"))
    planned = nlan.operations(*moving)
    assert planned
    assert not [line for line in planned if "bridge" in line or "namespace" in line], planned
    nlan("up", *moving, "--replace")
    assert nlan.operations(*moving) == []
    nlan("ping", "north", "10.8.0.2", "-l", lab)
    nlan("ping", "south", "198.51.100.7", "-l", lab)


def unanswered(nlan: Nlan, lab: str) -> tuple[int, set[str]]:
    """Return how many pairs of hosts of one subnet there are, and which of them have no answer."""
    answers = nlan.run("ping", "--all", "-l", lab, "--json").json
    alike = [one for one in answers if _network(one["source"]) == _network(one["target"])]
    silent = {f"{one['source']} {one['target']}" for one in alike if one["rtt_ms"] == [None]}
    return len(alike), silent


def _network(host: str) -> str:
    return host.rpartition("/")[2].rpartition(".")[0]


def test_its_routers_route_and_its_spokes_do_not_reach_each_other(nlan: Nlan) -> None:
    lab, file = nlan.name(), str(ROUTERS / "input.yaml")
    nlan("up", file, "--lab", lab)
    spokes = ("left/10.12.0.102", "10.12.0.103"), ("right/10.12.0.103", "10.12.0.102")
    assert unanswered(nlan, lab) == (12, {" ".join(pair) for pair in spokes})
    assert nlan.operations(file, "--lab", lab) == []
    assert re.search(r"Routing for Networks:\s+eth7", nlan.vtysh(lab, "center", "show ip rip status"))


def test_a_subnet_is_built_and_taken_away_by_its_words(nlan: Nlan) -> None:
    """As neutron-lan's own scenario of `subnets` does, a step at a time; each refused one changes nothing."""
    lab = nlan.name()
    nlan("up", str(ROUTERS / "input.yaml"), "--lab", lab)

    def do(verb: str, *words: str, node: str = "left", code: int = 0) -> str:
        wait = () if verb == "get" else ("--wait", "up")
        answer = nlan(verb, node, "subnets", *words, "-l", lab, *wait, code=code)
        return answer.err if code else answer.out

    do("add", "vid=13", "vni=1300")
    do("add", "_index=1300", "ip_dvr=addr:10.13.0.9/24,mode:dvr")
    do("update", "_index=1300", "ip_dvr=addr:10.13.0.1/24,mode:dvr")
    do("add", "_index=1300", "ip_vhost=10.13.0.102/24", "peers=203.0.113.3")
    words = ("vid=13", "vni=1300", "ip_dvr=addr:10.13.0.1/24,mode:dvr", "peers=203.0.113.2")
    do("add", *words, "ip_vhost=10.13.0.103/24", node="right")
    nlan("ping", "left/10.13.0.102", "10.13.0.103", "-l", lab)
    nlan("ping", "left/10.13.0.102", "10.11.0.103", "-l", lab)
    assert json.loads(do("get", "_index=1300", "--json")) == [
        {
            "vni": "1300",
            "vid": "13",
            "ip_dvr": {"addr": "10.13.0.1/24", "mode": "dvr"},
            "ip_vhost": "10.13.0.102/24",
            "peers": ["203.0.113.3"],
        }
    ]
    assert "it cannot go while `ip_dvr`, `ip_vhost` and `peers` are there" in do(
        "delete", "_index=1300", "vid", code=1
    )
    do("delete", "_index=1300", "ip_dvr", "ip_vhost", "peers")
    assert "it cannot go while `vid` is there" in do("delete", "_index=1300", "vni", code=1)
    do("delete", "_index=1300", "vid")
    do("delete", "_index=1300", "vni=1300")
    do("delete", "_index=1300", node="right")
    assert nlan.operations(str(ROUTERS / "input.yaml"), "--lab", lab) == []


TTLS = {"all_dvr": {63: 54, 64: 18}, "hub_and_spoke": {63: 32, 64: 12}}
"""With how many hops' time to live left hosts have answers; of the others there is none."""


@pytest.mark.parametrize("file", STATES, ids=lambda file: file.stem)
def test_its_own_files_run_as_they_are(nlan: Nlan, file: Path) -> None:
    lab = nlan.name()
    rosters = {"hub_and_spoke": ("--roster", str(file.with_name("roster_w_rpi.yaml")))}
    nlan("up", str(file), "--lab", lab, *rosters.get(file.stem, ()))
    hosts = [name for name in nlan.status(lab)["nodes"] if "/" in name]
    addresses = " ".join(name.partition("/")[2] for name in hosts)
    found: Counter[int] = Counter()
    for host in hosts:
        asked = f"for a in {addresses}; do [ $a = {host.partition('/')[2]} ] || ping -nc1 -W1 $a & done; wait"
        said = nlan.inside(lab, host, "sh", "-c", asked)
        found.update(int(ttl) for ttl in re.findall(r"ttl=(\d+)", said))
    assert found == TTLS[file.stem]


class Chain(NamedTuple):
    """A file with a function, who asks whom, with which TTL answers come, and how many packets pass it."""

    file: Path
    function: str
    hub: str
    pings: tuple[tuple[str, str, int, int], ...]


CHAINS = [
    Chain(
        CHAIN / "state.yaml",
        "watch",
        "hub",
        (
            ("hub/10.21.0.101", "10.21.0.102", 64, 4),
            ("hub/10.22.0.101", "10.21.0.102", 63, 2),
            ("near1/10.21.0.102", "10.21.0.103", 64, 0),
            ("near1/10.21.0.102", "10.22.0.103", 63, 0),
            ("near1/10.21.0.102", "8.8.8.8", 64, 4),
            ("near1/10.22.0.102", "10.21.0.103", 63, 0),
        ),
    ),
    *(
        Chain(
            file,
            "snort1",
            "openwrt1",
            (
                ("openwrt1/10.0.1.101", "10.0.1.102", 64, 4),
                ("openwrt1/10.0.3.101", "10.0.1.102", 63, 2),
                ("openwrt2/10.0.1.102", "10.0.1.103", 64, 0),
                ("openwrt2/10.0.1.102", "10.0.3.103", 63, 0),
                ("openwrt2/10.0.1.102", "8.8.8.8", 64, 4),
                ("openwrt2/10.0.3.102", "8.8.8.8", 64, 0),
                ("openwrt2/10.0.1.102", "192.168.100.1", 64, 2),
                ("openwrt2", "192.168.100.1", 64, 0),
                ("openwrt3/10.0.3.103", "10.0.1.101", 63, 2),
                ("openwrt3/10.0.3.103", "10.0.1.102", 63, 0),
                ("openwrt3/10.0.3.103", "10.0.1.1", 64, 0),
            ),
        )
        for file in WITH_CHAINS
    ),
]


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.function)
def test_what_goes_to_the_hub_passes_the_function_and_nothing_else_does(nlan: Nlan, chain: Chain) -> None:
    lab, function = nlan.name(), chain.function
    nlan("up", str(chain.file), "--lab", lab, "--wait", "up")
    nlan.inside(lab, chain.hub, "ip", "address", "add", "8.8.8.8/32", "dev", "lo")  # stands for the Internet
    nlan.inside(
        lab,
        function,
        "nft",
        "add table bridge c; add chain bridge c f { type filter hook forward priority 0; }",
    )
    nlan.inside(lab, function, "nft", "add rule bridge c f ether type ip ip protocol icmp counter")
    before = 0
    for source, target, ttl, passing in chain.pings:
        said = nlan.inside(lab, source, "ping", "-nc2", "-i0.2", "-W1", target)
        assert re.findall(r"ttl=(\d+)", said) == [str(ttl)] * 2, f"{source} {target}"
        counted = re.search(r"packets (\d+)", nlan.inside(lab, function, "nft", "list table bridge c"))
        assert counted is not None
        assert int(counted[1]) - before == passing, f"{source} {target}"
        before = int(counted[1])
