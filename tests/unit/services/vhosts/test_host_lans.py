"""A host LAN's second family, changed in the model without a file."""

from __future__ import annotations

from ipaddress import ip_interface

import pytest

from nlan.model import Lab, Node
from nlan.schema import check
from nlan.services.vhosts.model import VhostLan, Vhosts

FOUR, SIX = ip_interface("172.21.1.1/24"), ip_interface("2001:db8:3:1::1/64")
HOSTS, HOSTS6 = (ip_interface("172.21.1.2/24"),), (ip_interface("2001:db8:3:1::2/64"),)


@pytest.mark.parametrize(
    ("lan", "said"),
    [
        (VhostLan(gateway=FOUR, hosts=HOSTS, gateway6=SIX, hosts6=HOSTS6), ""),
        (VhostLan(gateway=SIX, hosts=HOSTS6), ""),
        (VhostLan(gateway=FOUR, hosts=HOSTS, gateway6=SIX), "0 of 1 hosts of 172.21.1.1/24 have IPv6"),
        (VhostLan(gateway=FOUR, hosts=HOSTS, hosts6=HOSTS6), "1 of 1 hosts"),
        (VhostLan(gateway=SIX, hosts=HOSTS6, gateway6=SIX, hosts6=HOSTS6), "is the first one"),
    ],
)
def test_every_host_has_both_families_or_one(lan: VhostLan, said: str) -> None:
    problems = check(Lab(name="x", nodes=(Node(name="ce1", services=(Vhosts(lans=(lan,)),)),)))
    assert bool(problems) == bool(said)
    assert said in "".join(problem.message for problem in problems)
