"""Opening BGP sessions at once instead of a second after the start.

bgpd lets a new peer idle for a whole second (``BGP_INIT_START_TIMER``, not to be configured). The
second is spared where a peer's connect timer is set while no address family is active: bgpd then
dials as soon as it is done with the commands at hand. Commands that arrive in one read are carried
out together, so the families are off for nobody to see. One end of a session dials; if both did,
they would refuse each other and wait for longer.
"""

from __future__ import annotations

import json
import re
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, NamedTuple

from nlan.engines.frr.config.tree import NO_FAMILY, Path, paths
from nlan.engines.frr.run.files import Files
from nlan.engines.frr.run.vty import Vty
from nlan.errors import HostError, PeerError
from nlan.runtimes.base import Nodes

READ_OCTETS = 512
"""What bgpd takes in one read."""
BGP_PORT = 179
SETTLE_S = 0.1
"""How long a bgpd that is ready is left alone while others are still on their way."""
CONNECTED_S = 0.5
"""How long it may take to be connected to zebra, before it dials all the same."""
LOOK_MS = 2
_CONNECT = re.compile(r"neighbor (?P<peer>[0-9a-fA-F.:]+) timers connect (?P<s>\d+)$")
_CLIENT = re.compile(r"^bgp\s", re.MULTILINE)
_DEFAULT = re.compile(r"router bgp [0-9.]+$")
"""The instance whose peers are dialled: the one outside of VRFs. FRR takes an AS in dotted form too."""


class Idle(NamedTuple):
    """A peer that bgpd does not try to reach yet."""

    namespace: str
    files: Files
    router: str
    peer: str
    retry_s: int
    families: tuple[str, ...]
    source: str

    def dial(self) -> tuple[list[str], list[str]]:
        """Return the commands to begin with, and those that together make bgpd dial now."""
        off = [line for family in self.families for line in self._in(family, "no ")]
        on = [line for family in self.families for line in self._in(family, "")]
        timer = f"nei {self.peer} timers connect {self.retry_s}"
        return ["enable", "configure terminal", self.router], [*off, timer, *on, "end"]

    def _in(self, family: str, no: str) -> tuple[str, str, str]:
        return f"address-family {family} unicast", f"{no}nei {self.peer} activate", "exit"


class Dialer:
    """Opens idle sessions, each from one end, a moment after both of its ends are connected to zebra.

    A bgpd that is called before takes the call and never has a next hop for the session. The moment is
    for zebra to tell of its interfaces: called without, bgpd refuses, and a second is lost. A daemon that
    does not answer is left alone: its sessions come up by themselves.
    """

    def __init__(self, nodes: Nodes) -> None:
        """Take the place where the daemons are."""
        self._nodes = nodes
        self._ends: dict[tuple[str, str], Idle] = {}
        self._pairs: deque[tuple[float, Pair]] = deque()
        self._connected: set[Files] = set()

    def ready(self, namespace: str, files: Files, config: Sequence[str]) -> None:
        """Take note of a bgpd that is ready, and open sessions whose ends have been so for a while."""
        now = time.monotonic()
        while self._pairs and self._pairs[0][0] <= now and self._is_connected(self._pairs[0][1]):
            _dial_idle(self._pairs.popleft()[1].dials)
        for peer in configured(namespace, files, config):
            mine = _sourced(self._nodes, peer)
            self._ends[mine.source, mine.peer] = mine
            other = self._ends.get((mine.peer, mine.source))
            if other is not None:
                pair = Pair(other, mine) if _lower(mine.source, mine.peer) else Pair(mine, other)
                self._pairs.append((now + SETTLE_S, pair))

    def rest(self) -> None:
        """Open all that is left, and the sessions whose other end is nobody that was noted."""
        ends = self._ends
        left = [pair for _, pair in self._pairs]
        left += [Pair(mine, None) for (own, peer), mine in ends.items() if (peer, own) not in ends]
        self._pairs.clear()
        deadline = time.monotonic() + CONNECTED_S
        while left:
            late = time.monotonic() > deadline
            now = [pair for pair in left if late or self._is_connected(pair)]
            for pair in now:
                _dial_idle(pair.dials)
            left = [pair for pair in left if pair not in now]
            if left and not now:
                select.poll().poll(LOOK_MS)

    def _is_connected(self, pair: Pair) -> bool:
        for files in [end.files for end in pair if end is not None and end.files not in self._connected]:
            zebra = files._replace(daemon="zebra")
            with suppress(OSError, PeerError), Vty(zebra.vty) as vty:
                answer = vty.together(["enable", "show zebra client summary"])[1]
                if not is_client_of_zebra(answer.text):
                    return False
            self._connected.add(files)
        return True


class Pair(NamedTuple):
    """The two ends of a session: the one that dials, and the other, if that is known."""

    dials: Idle
    waits: Idle | None


def configured(namespace: str, files: Files, config: Sequence[str]) -> Iterator[Idle]:
    """Yield the peers of a configuration that have a connect timer of their own."""
    those = paths(config)
    for path in those:
        match = _CONNECT.match(path[-1])
        if match is None or len(path) != 2 or not _DEFAULT.match(path[0]):
            continue
        router, peer = path[0], match["peer"]
        source = next((p[1].split()[-1] for p in those if _is_source(p, router, peer)), "")
        families = tuple(_families(those, router, peer))
        if families:
            yield Idle(namespace, files, router, peer, int(match["s"]), families, source)


def _is_source(path: Path, router: str, peer: str) -> bool:
    return len(path) == 2 and path[0] == router and path[1].startswith(f"neighbor {peer} update-source ")


def _families(those: dict[Path, None], router: str, peer: str) -> Iterator[str]:
    four = (router, "address-family ipv4 unicast")
    is_told = (*four, f"neighbor {peer} activate") in those
    is_kept_out = (*four, f"no neighbor {peer} activate") in those
    if is_told or not (is_kept_out or (router, NO_FAMILY) in those):
        yield "ipv4"
    if (router, "address-family ipv6 unicast", f"neighbor {peer} activate") in those:
        yield "ipv6"


def _dial_idle(peer: Idle) -> None:
    """Dial unless the session is on its way already: it would be reset."""
    try:
        with Vty(peer.files.vty) as vty:
            text = vty.together(["enable", "show bgp summary json"])[1].text
    except (OSError, PeerError):
        return
    if peer_states(json.loads(text or "{}")).get(peer.peer) == "Idle":
        _dial(peer)


def is_client_of_zebra(summary: str) -> bool:
    """Tell whether ``show zebra client summary`` lists a bgpd."""
    return _CLIENT.search(summary) is not None


def peer_states(summary: dict[str, Any]) -> dict[str, str]:
    """Return address to state of ``show bgp summary json``."""
    return {
        address: peer["state"]
        for family in summary.values()
        if isinstance(family, dict)
        for address, peer in family.get("peers", {}).items()
    }


def _lower(one: str, other: str) -> bool:
    return int(ip_address(one)) < int(ip_address(other))


def _sourced(nodes: Nodes, peer: Idle) -> Idle:
    """Return the peer with the address that this end would use; an unknown one stays empty."""
    try:
        ip_address(peer.source)
    except ValueError:
        return peer._replace(source=_local_address(nodes, peer))
    return peer


def _local_address(nodes: Nodes, peer: Idle) -> str:
    try:
        family = socket.AF_INET6 if ":" in peer.peer else socket.AF_INET
        with nodes.open_socket(peer.namespace, family, socket.SOCK_DGRAM) as probe:
            probe.connect((peer.peer, BGP_PORT))
            return str(probe.getsockname()[0])
    except (OSError, HostError):
        return ""


def _dial(peer: Idle) -> None:
    before, together = peer.dial()
    if sum(len(line) + 1 for line in together) > READ_OCTETS:
        return
    try:
        with Vty(peer.files.vty) as vty:
            vty.together(before)
            vty.together(together)
    except (OSError, PeerError):
        return
