"""Edits of the running WAN's file: exactly what an edit means is planned, done, and felt.

One lab goes through the edits in sequence. Sessions that an edit has nothing to do with keep their
count, and a ping between two other customers, every 50 ms, loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from support import Nlan, planned_here
from wan import PES, Document, edge, l2vpn, neighbors, plug, set_asn, text, vpns, wan

ELSEWHERE = ("ce3/172.21.3.2", "172.21.4.2")
THROUGH = ("ce1/172.21.1.2", "172.21.2.2")
"""Who pings whom: two customers that the edit does not concern, or right through the edited nodes."""

CE1 = ("ce1 10.201.11.1", "ce1 10.202.11.1", "pe1 10.201.11.9", "pe2 10.202.11.2")
CE2 = ("ce2 10.201.12.1", "ce2 10.202.12.1", "pe1 10.201.12.2", "pe2 10.202.12.2")
CE5 = ("ce5 10.201.15.1", "pe1 10.201.15.2")
RR = tuple(f"pe{n} 10.200.1.105" for n in PES) + tuple(f"rr 10.200.1.10{n}" for n in PES)
"""Ends of sessions: the node and its peer."""


class Edit(NamedTuple):
    """An edit, the operations it means, the ends of sessions it touches, and who pings meanwhile."""

    title: str
    change: Callable[[Document], None]
    operations: str
    touched: tuple[str, ...] = ()
    ping: tuple[str, str] = ELSEWHERE


def add_ce5(lab: Document) -> None:
    plug(lab, 1, 5)
    lab["ce5"] = edge(5, (1,))


def remove_ce5(lab: Document) -> None:
    del lab["ce5"]
    vpns(lab, "pe1", "access").pop()
    neighbors(lab, "pe1").pop()


def add_l2vpn(lab: Document) -> None:
    vpns(lab, "pe1", "wan").append(l2vpn(900, "10.209.0.1/24", "pe2"))
    vpns(lab, "pe2", "wan").append(l2vpn(900, "10.209.0.2/24", "pe1"))


def change_address(lab: Document) -> None:
    vpns(lab, "pe1", "wan")[-1]["Ip"] = "10.209.0.7/24"


def change_address_of_session(lab: Document) -> None:
    vpns(lab, "ce1", "access")[0]["Ip"] = "10.201.11.9/24"
    neighbors(lab, "pe1")[1]["Peer"] = "10.201.11.9"


def change_mtu(lab: Document) -> None:
    vpns(lab, "pe1", "access")[0]["Mtu"] = 1400
    vpns(lab, "ce1", "access")[0]["Mtu"] = 1400


def change_peers(lab: Document) -> None:
    for node in ("pe1", "pe3"):
        vpns(lab, node, "wan")[1]["Peers"].remove("${pe1}" if node == "pe3" else "${pe3}")


def change_remote_as(lab: Document) -> None:
    set_asn(lab, "ce2", 1012)
    for pe in ("pe1", "pe2"):
        neighbors(lab, pe)[2]["RemoteAs"] = 1012


def move_peer(lab: Document) -> None:
    """Move ce1 into the AS of ce2."""
    set_asn(lab, "ce1", 1012)
    for pe in ("pe1", "pe2"):
        neighbors(lab, pe)[1]["RemoteAs"] = 1012


def move_peer_back(lab: Document) -> None:
    set_asn(lab, "ce1", 1001)
    for pe in ("pe1", "pe2"):
        neighbors(lab, pe)[1]["RemoteAs"] = 1001


def change_loopback(lab: Document) -> None:
    lab["ce1"]["Router"]["Loopback"] = "10.1.2.77/32"


def add_vhost(lab: Document) -> None:
    lab["ce1"]["Vhosts"]["VhostProps"][0]["Vhosts"] = 3


def to_gobgp(lab: Document) -> None:
    lab["ce1"]["Router"]["EmbeddedBgp"] = True


def to_frr(lab: Document) -> None:
    lab["ce1"]["Router"]["EmbeddedBgp"] = False


def reflector_to_frr(lab: Document) -> None:
    lab["rr"]["Router"]["EmbeddedBgp"] = False


def reflector_to_gobgp(lab: Document) -> None:
    lab["rr"]["Router"]["EmbeddedBgp"] = True


EDITS = (
    Edit(
        "add-ce",
        add_ce5,
        """
        + ce5 namespace [hitless]
        + ce5/172.21.5.2 namespace [hitless]
        + ce5/172.21.5.3 namespace [hitless]
        + ce5/172.22.5.2 namespace [hitless]
        + ce5/172.22.5.3 namespace [hitless]
        ~ hosts [hitless]
        + ce5 sysctl net/ipv4/conf/all/accept_local [hitless]
        + ce5 sysctl net/ipv4/conf/all/promote_secondaries [hitless]
        + ce5 sysctl net/ipv4/conf/all/rp_filter [hitless]
        + ce5 sysctl net/ipv4/fib_multipath_hash_policy [hitless]
        + ce5 sysctl net/ipv4/ip_forward [hitless]
        + ce5 bridge br_172.21.5.1 [hitless]
        + ce5 bridge br_172.22.5.1 [hitless]
        + ce5 bridge int_br115 [hitless]
        + pe1 bridge int_br115 [hitless]
        + ce5 veth eth0 [hitless]
        + ce5/172.21.5.2 veth eth0 [hitless]
        + ce5/172.21.5.3 veth eth0 [hitless]
        + ce5/172.22.5.2 veth eth0 [hitless]
        + ce5/172.22.5.3 veth eth0 [hitless]
        + ce5 vxlan vxlan115 [hitless]
        + pe1 vxlan vxlan115 [hitless]
        + ce5 fdb vxlan115 10.10.10.1 [hitless]
        + pe1 fdb vxlan115 10.10.10.10 [hitless]
        + ce5 address br_172.21.5.1 172.21.5.1/24 [hitless]
        + ce5 address br_172.22.5.1 172.22.5.1/24 [hitless]
        + ce5 address eth0 10.10.10.10/24 [hitless]
        + ce5 address int_br115 10.201.15.2/24 [hitless]
        + ce5 address lo 10.1.2.5/32 [hitless]
        + ce5/172.21.5.2 address eth0 172.21.5.2/24 [hitless]
        + ce5/172.21.5.3 address eth0 172.21.5.3/24 [hitless]
        + ce5/172.22.5.2 address eth0 172.22.5.2/24 [hitless]
        + ce5/172.22.5.3 address eth0 172.22.5.3/24 [hitless]
        + pe1 address int_br115 10.201.15.1/24 [hitless]
        + ce5/172.21.5.2 route 0.0.0.0/0 [hitless]
        + ce5/172.21.5.3 route 0.0.0.0/0 [hitless]
        + ce5/172.22.5.2 route 0.0.0.0/0 [hitless]
        + ce5/172.22.5.3 route 0.0.0.0/0 [hitless]
        + ce5 frr mgmtd [hitless]
        + ce5 frr zebra [hitless]
        + ce5 frr bgpd [hitless]
        + ce5 frr staticd [hitless]
        ~ pe1 frr bgpd [hitless]
        """,
        touched=CE5,
        ping=THROUGH,
    ),
    Edit(
        "remove-ce",
        remove_ce5,
        """
        ~ hosts [hitless]
        ~ pe1 frr bgpd [session]
        - pe1 vxlan vxlan115 [outage]
        - pe1 bridge int_br115 [outage]
        - ce5 namespace [outage]
        - ce5/172.21.5.2 namespace [outage]
        - ce5/172.21.5.3 namespace [outage]
        - ce5/172.22.5.2 namespace [outage]
        - ce5/172.22.5.3 namespace [outage]
        """,
        touched=CE5,
        ping=THROUGH,
    ),
    Edit(
        "add-l2vpn",
        add_l2vpn,
        """
        + pe1 bridge int_br900 [hitless]
        + pe2 bridge int_br900 [hitless]
        + pe1 vxlan vxlan900 [hitless]
        + pe2 vxlan vxlan900 [hitless]
        + pe1 fdb vxlan900 10.10.10.2 [hitless]
        + pe2 fdb vxlan900 10.10.10.1 [hitless]
        + pe1 address int_br900 10.209.0.1/24 [hitless]
        + pe2 address int_br900 10.209.0.2/24 [hitless]
        """,
        ping=THROUGH,
    ),
    Edit(
        "change-address",
        change_address,
        """
        + pe1 address int_br900 10.209.0.7/24 [hitless]
        - pe1 address int_br900 10.209.0.1/24 [outage]
        """,
        ping=THROUGH,
    ),
    Edit(
        "change-address-of-session",
        change_address_of_session,
        """
        + ce1 address int_br111 10.201.11.9/24 [hitless]
        ~ pe1 frr bgpd [session]
        - ce1 address int_br111 10.201.11.2/24 [outage]
        """,
        touched=("ce1 10.201.11.1", "pe1 10.201.11.2", "pe1 10.201.11.9"),
    ),
    Edit(
        "change-mtu",
        change_mtu,
        """
        ~ ce1 bridge int_br111 [hitless]
        ~ pe1 bridge int_br111 [hitless]
        ~ ce1 vxlan vxlan111 [hitless]
        ~ pe1 vxlan vxlan111 [hitless]
        """,
        ping=THROUGH,
    ),
    Edit(
        "change-peers",
        change_peers,
        """
        - pe1 fdb vxlan2 10.10.10.3 [outage]
        - pe3 fdb vxlan2 10.10.10.1 [outage]
        """,
        ping=THROUGH,
    ),
    Edit(
        "change-remote-as",
        change_remote_as,
        """
        ~ ce2 frr bgpd [session]
        ~ pe1 frr bgpd [session]
        ~ pe2 frr bgpd [session]
        """,
        touched=CE2,
    ),
    Edit(
        "move-peer",
        move_peer,
        """
        ~ ce1 frr bgpd [session]
        ~ pe1 frr bgpd [session]
        ~ pe2 frr bgpd [session]
        """,
        touched=CE1,
    ),
    Edit(
        "move-peer-back",
        move_peer_back,
        """
        ~ ce1 frr bgpd [session]
        ~ pe1 frr bgpd [session]
        ~ pe2 frr bgpd [session]
        """,
        touched=CE1,
    ),
    Edit(
        "change-loopback",
        change_loopback,
        """
        ~ hosts [hitless]
        + ce1 address lo 10.1.2.77/32 [hitless]
        ~ ce1 frr bgpd [session]
        - ce1 address lo 10.1.2.1/32 [outage]
        """,
        touched=CE1,
    ),
    Edit(
        "add-vhost",
        add_vhost,
        """
        + ce1/172.21.1.4 namespace [hitless]
        + ce1/172.21.1.4 veth eth0 [hitless]
        + ce1/172.21.1.4 address eth0 172.21.1.4/24 [hitless]
        + ce1/172.21.1.4 route 0.0.0.0/0 [hitless]
        """,
        ping=THROUGH,
    ),
    Edit(
        "to-gobgp",
        to_gobgp,
        """
        - ce1 frr bgpd [session]
        - ce1 frr staticd [session]
        + ce1 gobgp gobgpd [restart]
        - ce1 frr zebra [session]
        - ce1 frr mgmtd [session]
        """,
        touched=CE1,
    ),
    Edit(
        "to-frr",
        to_frr,
        """
        + ce1 frr mgmtd [restart]
        + ce1 frr zebra [restart]
        + ce1 frr staticd [restart]
        - ce1 gobgp gobgpd [session]
        + ce1 frr bgpd [restart]
        """,
        touched=CE1,
    ),
    Edit(
        "reflector-to-frr",
        reflector_to_frr,
        """
        + rr frr mgmtd [restart]
        + rr frr zebra [restart]
        + rr frr staticd [restart]
        - rr gobgp gobgpd [session]
        + rr frr bgpd [restart]
        """,
        touched=RR,
        ping=THROUGH,
    ),
    Edit(
        "reflector-to-gobgp",
        reflector_to_gobgp,
        """
        - rr frr bgpd [session]
        - rr frr staticd [session]
        + rr gobgp gobgpd [restart]
        - rr frr zebra [session]
        - rr frr mgmtd [session]
        """,
        touched=RR,
        ping=THROUGH,
    ),
)


@pytest.fixture(scope="module")
def lab(module_nlan: Nlan) -> tuple[Nlan, str, Document]:
    """Give the running WAN and its document, which the edits change one after the other."""
    name, document = module_nlan.name("wan"), wan()
    module_nlan("up", module_nlan.write(text(document)), "--lab", name)
    return module_nlan, name, document


@pytest.mark.parametrize("edit", EDITS, ids=[edit.title for edit in EDITS])
def test_edit(lab: tuple[Nlan, str, Document], edit: Edit) -> None:
    nlan, name, document = lab
    edit.change(document)
    file = nlan.write(text(document))
    assert nlan.operations(file, "--lab", name) == planned_here(edit.operations)
    before = nlan.sessions(name)
    with nlan.pinging(name, *edit.ping):
        done = nlan("up", file, "--lab", name, "--json").json
    assert done["converged"]
    after = nlan.sessions(name)
    felt = {end for end in before | after if before.get(end) != after.get(end)}
    assert felt <= set(edit.touched)
    assert bool(felt) == bool(edit.touched)
    assert nlan.operations(file, "--lab", name) == []
