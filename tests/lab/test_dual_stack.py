"""Hosts of both families: every host is one host, reaches and is reached by IPv4 and IPv6.

The lab: two routers of two ASes, two hosts behind each. IPv6 comes in a second step, and may stop nobody.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from support import Nlan

FILE = """
ipv6: {ipv6}
nodes:
  r1: {{asn: 64496, hosts: 2}}
  r2: {{asn: 64497, hosts: {hosts}}}
links: [r1 -- r2]
"""
HOSTS = {"r1/172.21.1.2", "r1/172.21.1.3", "r2/172.21.2.2", "r2/172.21.2.3"}


def write(nlan: Nlan, *, ipv6: bool = True, hosts: int = 2) -> str:
    return nlan.write(FILE.format(ipv6=str(ipv6).lower(), hosts=hosts))


class Lab(NamedTuple):
    """The running lab and its file."""

    nlan: Nlan
    name: str
    file: str

    def routes(self, host: str) -> set[tuple[str, str]]:
        """Return a host's default routes: family and next hop."""
        found = set()
        for family in ("-4", "-6"):
            text = self.nlan.inside(self.name, host, "ip", "-j", family, "route", "show", "default")
            found |= {(family, route["gateway"]) for route in json.loads(text)}
        return found

    def answers(self) -> list[Any]:
        """Return the matrix of all hosts."""
        return list(self.nlan("ping", "--all", "-l", self.name, "--json").json)


@pytest.fixture(scope="module")
def lab(module_nlan: Nlan) -> Lab:
    """Give the lab that came up with IPv4 alone and got IPv6 while hosts talked to each other."""
    name = module_nlan.name("dual")
    module_nlan("up", write(module_nlan, ipv6=False), "--lab", name)
    file = write(module_nlan)
    with module_nlan.pinging(name, "r1/172.21.1.2", "172.21.2.3"):
        done = module_nlan("up", file, "--lab", name, "--json").json
    assert done["converged"]
    kinds = {(o["action"], o["kind"]) for o in done["operations"] if "/" in o["namespace"]}
    assert kinds == {("create", "address"), ("create", "route")}
    assert not [o for o in done["operations"] if o["action"] in ("delete", "replace")]
    return Lab(module_nlan, name, file)


def test_a_host_is_one_host(lab: Lab) -> None:
    assert lab.nlan.operations(lab.file, "--lab", lab.name) == []
    nodes = lab.nlan.status(lab.name)["nodes"]
    assert nodes.keys() == {"r1", "r2", *HOSTS}
    assert nodes["r2/172.21.2.3"]["addresses"]["eth0"] == ["172.21.2.3/24", "2001:db8:3:2::3/64"]
    assert lab.routes("r2/172.21.2.3") == {("-4", "172.21.2.1"), ("-6", "2001:db8:3:2::1")}


def test_every_host_reaches_every_other_by_both_families(lab: Lab) -> None:
    answers = lab.answers()
    assert [a for a in answers if None in a["rtt_ms"]] == []
    asked = {(a["source"], ":" in a["target"]) for a in answers}
    assert asked == {(host, six) for host in HOSTS for six in (False, True)}
    assert len(answers) == len(HOSTS) * (len(HOSTS) - 1) * 2


def test_a_host_answers_to_its_second_address(lab: Lab) -> None:
    lab.nlan("ping", "2001:db8:3:1::2", "2001:db8:3:2::2", "-l", lab.name)
    said = lab.nlan.inside(lab.name, "2001:db8:3:1::2", "ip", "-4", "-o", "address", "show", "eth0")
    assert "172.21.1.2/24" in said
    lab.nlan("exec", "r1/2001:db8:3:2::2", "-l", lab.name, "--", "true", code=1)


def test_names_stand_for_both_families(lab: Lab) -> None:
    hosts = lab.nlan.inside(lab.name, "r1", "getent", "ahosts", "r2")
    assert {line.split()[0] for line in hosts.splitlines()} == {"10.0.0.2", "2001:db8::2"}
    lab.nlan.inside(lab.name, "r1", "ping", "-6", "-c1", "-W2", "r2")


def test_one_more_host_touches_no_other(lab: Lab) -> None:
    file = write(lab.nlan, hosts=3)
    found = lab.nlan.operations(file, "--lab", lab.name)
    assert {line for line in found if line.split()[2] != "veth"} == {
        "+ r2/172.21.2.4 namespace [hitless]",
        "+ r2/172.21.2.4 address eth0 172.21.2.4/24 [hitless]",
        "+ r2/172.21.2.4 address eth0 2001:db8:3:2::4/64 [hitless]",
        "+ r2/172.21.2.4 route 0.0.0.0/0 [hitless]",
        "+ r2/172.21.2.4 route ::/0 [hitless]",
    }
    assert len(found) == 6
    lab.nlan("up", file, "--lab", lab.name)
    assert len(lab.answers()) == 5 * 4 * 2
    lab.nlan("up", write(lab.nlan), "--lab", lab.name)


@pytest.mark.parametrize(
    ("words", "repair"),
    [
        (("-6", "route", "del", "default"), "+ r1/172.21.1.3 route ::/0 [hitless]"),
        (
            ("address", "del", "2001:db8:3:1::3/64", "dev", "eth0"),
            "+ r1/172.21.1.3 address eth0 2001:db8:3:1::3/64 [hitless]",
        ),
    ],
    ids=["route", "address"],
)
def test_drift_of_the_second_family(lab: Lab, words: tuple[str, ...], repair: str) -> None:
    lab.nlan.inside(lab.name, "r1/172.21.1.3", "ip", *words)
    assert repair in lab.nlan.operations(lab.file, "--lab", lab.name)
    lab.nlan("status", lab.name, code=1)
    lab.nlan("up", lab.file, "--lab", lab.name)
    assert [a for a in lab.answers() if None in a["rtt_ms"]] == []
