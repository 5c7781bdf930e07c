"""How a GoBGP differs from what is wanted: peers that come, go and change; prefixes; what resets."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any

import msgspec

from nlan.engines.gobgp.resource import GobgpDaemon, LocalPath
from nlan.secrets import Secret
from nlan.services.router.model import BgpPeer

CLIENT = BgpPeer(address=ip_address("192.0.2.2"), peer_asn=64496, route_reflector_client=True)
OTHER = BgpPeer(address=ip_address("2001:db8::2"), peer_asn=64497, password=Secret("hush"))
ONE = LocalPath(prefix=ip_network("203.0.113.0/24"))
TWO = LocalPath(prefix=ip_network("2001:db8::/48"), origin="incomplete")


def daemon(*peers: BgpPeer, asn: int = 64496, **more: Any) -> GobgpDaemon:
    return GobgpDaemon(namespace="rr", asn=asn, router_id=IPv4Address("10.0.0.9"), peers=peers, **more)


def told(wanted: GobgpDaemon, seen: GobgpDaemon) -> tuple[str, str]:
    found = wanted.difference(seen)
    assert found is not None
    assert found.in_place
    return found.impact, found.reason


def test_equal_ones_do_not_differ() -> None:
    assert daemon(CLIENT, paths=(ONE,)).difference(daemon(CLIENT, paths=(ONE,))) is None


def test_a_peer_more_is_hitless_and_its_key_a_secret() -> None:
    found = daemon(CLIENT, OTHER).difference(daemon(CLIENT))
    assert found is not None
    assert (found.impact, "hush" in "".join(found.details)) == ("hitless", False)
    assert found.details == ("+ peer address=2001:db8::2 remote_as=64497 password=<secret>",)


def test_a_peer_less_is_named() -> None:
    assert told(daemon(CLIENT), daemon(CLIENT, OTHER)) == (
        "session",
        "peers: 0 to add, 1 to remove, 0 to change; resets 2001:db8::2 (removed)",
    )


def test_a_peer_that_dials_from_now_on_changes() -> None:
    assert told(daemon(CLIENT, listens=(CLIENT.address,)), daemon(CLIENT)) == (
        "session",
        "peers: 0 to add, 0 to remove, 1 to change; resets 192.0.2.2 (changed)",
    )


def test_another_next_hop_is_hitless() -> None:
    on = msgspec.structs.replace(CLIENT, next_hop_self=True)
    assert told(daemon(on), daemon(CLIENT)) == ("hitless", "peers: 0 to add, 0 to remove, 1 to change")
    changes = daemon(on, OTHER).peer_changes(daemon(CLIENT))
    assert (changes.policy, changes.added, changes.reset) == ({CLIENT.address}, {OTHER.address}, [])


def test_prefixes_are_hitless() -> None:
    found = daemon(CLIENT, paths=(ONE,)).difference(daemon(CLIENT, paths=(TWO,)))
    assert found is not None
    assert (found.impact, found.reason) == ("hitless", "prefixes: 1 to add, 1 to remove")
    assert found.details == ("- prefix 2001:db8::/48 incomplete", "+ prefix 203.0.113.0/24 igp")


def test_all_at_once() -> None:
    impact, reason = told(daemon(CLIENT, paths=(ONE,)), daemon(OTHER))
    assert impact == "session"
    assert reason == (
        "peers: 1 to add, 1 to remove, 0 to change; prefixes: 1 to add, 0 to remove; "
        "resets 2001:db8::2 (removed)"
    )


def test_another_as_is_another_process() -> None:
    found = daemon(CLIENT).difference(daemon(CLIENT, asn=64500))
    assert found is not None
    assert (found.impact, found.in_place) == ("restart", False)
