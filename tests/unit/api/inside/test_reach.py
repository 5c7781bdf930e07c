"""Who is meant by a word, and who pings whom."""

from __future__ import annotations

from ipaddress import ip_interface
from pathlib import Path
from typing import Any

import pytest

from nlan.api.inside.names import find_namespace, match_namespaces, second_names
from nlan.api.inside.reach import matrix
from nlan.errors import NotFoundError
from nlan.model import Interface, Lab, Node
from nlan.schema import load
from nlan.services.router.model import Router
from nlan.services.vhosts.model import VhostLan, Vhosts

NO_WORLD: Any = None
"""A lab that is remembered is not looked at."""
NAMES = ["ce1", "ce1/172.21.1.2", "ce1/172.21.1.3", "ce2", "ce2/172.21.1.2", "ce2/172.21.2.2"]


def lan(gateway: str, *hosts: str, six: str = "") -> VhostLan:
    prefix = six.rpartition("::")[0]
    return VhostLan(
        gateway=ip_interface(gateway),
        hosts=tuple(map(ip_interface, hosts)),
        gateway6=ip_interface(six) if six else None,
        hosts6=tuple(ip_interface(f"{prefix}::{n}/64") for n, _ in enumerate(hosts, 2)) if six else None,
    )


def router(name: str, *lans: VhostLan) -> Node:
    return Node(
        name=name,
        services=(
            Vhosts(lans=lans),
            Router(),
        ),
        forwarding=True,
    )


DUAL = Lab(
    name="x",
    nodes=(
        router("ce1", lan("172.21.1.1/24", "172.21.1.2/24", "172.21.1.3/24", six="2001:db8:3:1::1/64")),
        router("ce2", lan("172.21.2.1/24", "172.21.2.2/24"), lan("2001:db8:9::1/64", "2001:db8:9::2/64")),
    ),
)


def test_every_host_pings_every_other_in_each_family_that_both_have() -> None:
    pairs = {(name, str(address)) for name, address in matrix(NO_WORLD, DUAL)}
    assert pairs == {
        ("ce1/172.21.1.2", "172.21.1.3"),
        ("ce1/172.21.1.2", "2001:db8:3:1::3"),
        ("ce1/172.21.1.2", "172.21.2.2"),
        ("ce1/172.21.1.2", "2001:db8:9::2"),
        ("ce1/172.21.1.3", "172.21.1.2"),
        ("ce1/172.21.1.3", "2001:db8:3:1::2"),
        ("ce1/172.21.1.3", "172.21.2.2"),
        ("ce1/172.21.1.3", "2001:db8:9::2"),
        ("ce2/172.21.2.2", "172.21.1.2"),
        ("ce2/172.21.2.2", "172.21.1.3"),
        ("ce2/2001:db8:9::2", "2001:db8:3:1::2"),
        ("ce2/2001:db8:9::2", "2001:db8:3:1::3"),
    }


def test_one_host_alone_is_no_matrix_of_hosts() -> None:
    link = Interface(name="eth1", addresses=(ip_interface("10.1.0.1/30"),))
    other = Interface(name="eth1", addresses=(ip_interface("10.1.0.2/30"),))
    one = router("ce1", lan("172.21.1.1/24", "172.21.1.2/24", six="2001:db8:3:1::1/64"))
    two = Node(name="r2", interfaces=(other,), services=(Router(),), forwarding=True)
    nodes = (
        Node(
            name="r1",
            interfaces=(link,),
            services=(
                Router(),
                Vhosts(lans=one.get(Vhosts).lans),
            ),
            forwarding=True,
        ),
        two,
    )
    pairs = [(name, str(address)) for name, address in matrix(NO_WORLD, Lab(name="x", nodes=nodes))]
    assert pairs == [("r1", "10.1.0.2"), ("r2", "10.1.0.1")]


def aliases() -> dict[str, str]:
    return second_names(DUAL)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("ce1", "ce1"),
        ("172.21.1.3", "ce1/172.21.1.3"),
        ("ce2/172.21.1.2", "ce2/172.21.1.2"),
        ("2001:db8:3:1::2", "ce1/172.21.1.2"),
        ("ce1/2001:db8:3:1::3", "ce1/172.21.1.3"),
        ("2001:DB8:3:1:0::2", "ce1/172.21.1.2"),
    ],
)
def test_a_host_is_found_by_any_of_its_addresses(word: str, meant: str) -> None:
    assert find_namespace(word, NAMES, aliases) == meant
    assert match_namespaces(word, NAMES, aliases) == [meant]


def test_the_memory_is_asked_for_addresses_alone() -> None:
    def memory() -> dict[str, str]:
        raise AssertionError("asked")

    assert find_namespace("172.21.2.2", NAMES, memory) == "ce2/172.21.2.2"
    with pytest.raises(NotFoundError, match="did you mean ce1"):
        find_namespace("ce11", NAMES, memory)


@pytest.mark.parametrize("word", ["2001:db8::99", "ce2/2001:db8:3:1::2", ""])
def test_an_address_that_nobody_has(word: str) -> None:
    with pytest.raises(NotFoundError, match="no such node or host"):
        find_namespace(word, NAMES, aliases)
    with pytest.raises(NotFoundError):
        find_namespace("2001:db8:3:1::2", NAMES)


def test_an_address_of_a_host_that_is_gone() -> None:
    with pytest.raises(NotFoundError):
        find_namespace("2001:db8:3:1::2", ["ce1"], aliases)


def test_an_address_that_several_have() -> None:
    with pytest.raises(NotFoundError, match=r"several hosts have that address: ce1/172\.21\.1\.2, ce2/"):
        find_namespace("172.21.1.2", NAMES)


def test_a_host_without_a_gateway_pings_those_on_its_segment() -> None:
    """Two sites of an L2VPN, one with a router, and a LAN behind that."""
    text = (
        "nodes: {pe1: , pe2: {hosts: 1}}\n"
        "networks:\n"
        "  a: {addresses: false, prefix: 192.0.2.0/24, nodes: {pe1: {hosts: 1}, pe2: {hosts: 1}}}\n"
        "  b: {prefix: 198.51.100.0/24, nodes: {pe1: {hosts: 1}, pe2: }}\n"
    )
    pairs = {(name, str(address)) for name, address in matrix(NO_WORLD, load(Path("x.yaml"), text=text).lab)}
    assert {pair for pair in pairs if pair[0] in ("pe1/192.0.2.1", "pe1/198.51.100.3")} == {
        ("pe1/192.0.2.1", "192.0.2.2"),
        ("pe1/198.51.100.3", "172.21.1.2"),
        ("pe1/198.51.100.3", "198.51.100.1"),
    }
