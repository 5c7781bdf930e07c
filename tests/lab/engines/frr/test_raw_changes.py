"""A raw configuration changed in place into another is like that other brought up afresh.

Random texts (`rawtexts`), one after the other, are changed in place on one node and brought up anew on
another; all daemons must show the same, nothing may be left to do, and a line that is
removed by hand must be seen. ``NLAN_RAW_CHANGES=1000`` tries more than the usual few, from another seed on
with ``NLAN_SEED``.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from ipaddress import IPv4Address, ip_address, ip_network
from itertools import pairwise
from typing import Any

import pytest

from nlan.engines.frr.config.tree import Command, canonical, negated, paths
from nlan.engines.frr.model import FrrRaw
from nlan.engines.frr.run.files import Files, Receipt, own_lines
from nlan.engines.frr.run.load import Loader, show
from nlan.engines.frr.run.vty import Vty
from nlan.plan import Operation
from nlan.services.router.model import Bgp, BgpPeer, Ospf, OspfArea
from rawtexts import changed

pytestmark = pytest.mark.lab

STEPS = 10
"""Changes of one chain; each chain begins anew."""
AREA = re.compile(r"area (\d+)(?![\d.])")
"""FRR shows an area as it heard of it first: as a number or as an address."""
FAULTS = (32, 38)
"""Seeds that once gave something else in place than afresh."""
SEED = int(os.environ.get("NLAN_SEED", "0"))
CHANGES = int(os.environ.get("NLAN_RAW_CHANGES", "50"))


def seeds() -> list[int]:
    return list(dict.fromkeys([*FAULTS, *range(SEED, SEED + max(1, CHANGES // STEPS))]))


def shown(network: Any, node: str) -> dict[str, frozenset[tuple[str, ...]]]:
    """Return what each daemon of the node shows."""
    directory = network.place.directory(node)
    found = {}
    for receipt in sorted(directory.glob("receipt-*.json")):
        files = Files(directory, receipt.stem.removeprefix("receipt-"))
        with Vty(files.vty) as vty:
            text = vty.together(["enable", "show running-config"])[1].text
        text = AREA.sub(r"area 0.0.0.\1", text.replace(" ay", " ax").replace(" by", " bx"))
        # What zebra repeats of mgmtd's comes to it a moment later.
        found[files.daemon] = frozenset(paths(own_lines(files.daemon, canonical(text))))
    return {daemon: lines for daemon, lines in found.items() if lines}


def differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Return what only one of them has: ``+`` in place alone, ``-`` afresh alone."""
    return [
        f"{sign} {daemon}: {' / '.join(path)}"
        for daemon in sorted(one.keys() | other.keys())
        for sign, mine, theirs in (("+", one, other), ("-", other, one))
        for path in sorted(mine.get(daemon, frozenset()) - theirs.get(daemon, frozenset()))
    ]


def remove_by_hand(network: Any, node: str, dice: random.Random) -> str:
    """Take back a line that a daemon was asked for and shows; return it, empty where none goes."""
    directory = network.place.directory(node)
    for receipt in sorted(directory.glob("receipt-*.json"), key=lambda _: dice.random()):
        files = Files(directory, receipt.stem.removeprefix("receipt-"))
        asked = Receipt.read(files)
        assert asked is not None
        those = [path for path in paths(asked.asked) if path in paths(show(files))]
        for path in dice.sample(those, len(those)):
            with Vty(files.config_vty) as vty:
                Loader(vty, node, paths(asked.asked)).run([Command(path[:-1], negated(path[-1]))])
            if path not in paths(show(files)):
                return " / ".join(path)
    return ""


def others(text: str) -> str:
    return re.sub(r"\b([ab])x\b", r"\1y", text)


def bring(network: Any, node: str, text: str) -> None:
    carry_out(network, left(network, node, text))


def left(network: Any, node: str, text: str | None) -> list[Operation]:
    """Return what is to be done for the node to have that text; None: nothing at all."""
    nodes = [] if text is None else [network.node(node, raw=FrrRaw(text=text, only=True))]
    return [operation for operation in network.differences(nodes) if operation.key.namespace == node]


def carry_out(network: Any, todo: list[Operation]) -> None:
    failures = [failure for failure in network.frr.apply(todo) if failure is not None]
    assert failures == []


def transitions(seed: int) -> Iterator[tuple[str, str]]:
    texts = changed(seed, STEPS)
    return pairwise(texts)


@pytest.mark.parametrize("seed", seeds())
def test_in_place_is_like_afresh(network: Any, seed: int) -> None:
    network.wire(
        r1={"ax": "198.51.100.1/24", "bx": "203.0.113.1/24"},
        r2={"ay": "198.51.100.1/24", "by": "203.0.113.1/24"},
    )
    for step, (before, after) in enumerate(transitions(seed)):
        if step == 0:
            bring(network, "r1", before)
        bring(network, "r1", after)
        carry_out(network, left(network, "r2", None))
        bring(network, "r2", others(after))
        found = differing(shown(network, "r1"), shown(network, "r2"))
        found += [f"to do: {one} {one.details}" for one in left(network, "r1", after)]
        texts = ["--- before", before, "--- after", after]
        assert not found, "\n".join([f"seed {seed}, step {step}", *found, *texts])
    gone = remove_by_hand(network, "r1", random.Random(seed))
    assert bool(gone) == bool(left(network, "r1", after)), gone
    bring(network, "r1", after)
    assert not differing(shown(network, "r1"), shown(network, "r2")), f"{gone} was removed by hand"


OVERRIDES = {
    "router-id": "router bgp 64496\n bgp router-id 192.0.2.9",
    "timers": "router bgp 64496\n timers bgp 10 30\n no coalesce-time 0",
    "peer": "router bgp 64496\n neighbor 198.51.100.2 desc mine\n no neighbor 198.51.100.2 timers connect",
    "family": "router bgp 64496\n address-family ipv4\n  no neighbor 198.51.100.2 activate",
    "interface": "int ax\n ip ospf hello-interval 7\n ip ospf dead-interval 28",
    "ospf": "router ospf\n router-id 192.0.2.8\n no log-adjacency-changes",
}


@pytest.mark.parametrize("case", OVERRIDES)
def test_a_raw_line_overrides_a_derived_one_in_place_as_afresh(network: Any, case: str) -> None:
    network.wire(r1={"ax": "198.51.100.1/24"}, r2={"ay": "198.51.100.1/24"})
    peer = BgpPeer(address=ip_address("198.51.100.2"), peer_asn=64497, description="derived")
    area = OspfArea(area=IPv4Address(0), networks=(ip_network("198.51.100.0/24"),))

    def router(node: str, text: str) -> list[Operation]:
        raw = FrrRaw(text=text) if text else None
        bgp, ospf = Bgp(asn=64496, peers=(peer,)), Ospf(areas=(area,))
        nodes = [network.node(node, bgp=bgp, ospf=ospf, raw=raw)]
        return [one for one in network.differences(nodes) if one.key.namespace == node]

    carry_out(network, router("r1", ""))
    plain = shown(network, "r1")
    carry_out(network, router("r1", OVERRIDES[case]))
    carry_out(network, router("r2", others(OVERRIDES[case])))
    assert shown(network, "r1") != plain
    assert differing(shown(network, "r1"), shown(network, "r2")) == []
    assert router("r1", OVERRIDES[case]) == []
    assert network.frr.refusals == []
    carry_out(network, router("r1", ""))
    assert differing(shown(network, "r1"), plain) == []
    assert router("r1", "") == []
