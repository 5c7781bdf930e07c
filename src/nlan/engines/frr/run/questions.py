"""What FRR's daemons of a node answer: sessions, neighbours, and whether they compute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from nlan.engines.base import BgpSession, OspfNeighbor
from nlan.engines.frr.config.nexthops import carrying_ipv6
from nlan.engines.frr.config.tree import lines, paths
from nlan.engines.frr.run import externals, ospf_fast_start
from nlan.engines.frr.run.files import Files
from nlan.engines.frr.run.sessions import (
    decode,
    decode_list,
    parse_bfd,
    parse_bgp,
    parse_isis,
    parse_ospf,
    parse_ospf6,
    without_next_hop,
)
from nlan.engines.frr.run.vty import Vty
from nlan.errors import ApplyError, NotFoundError, PeerError
from nlan.runtimes.base import Nodes

T = TypeVar("T")

_NO_ANSWER = (NotFoundError, PeerError, AttributeError, KeyError, TypeError)
"""What comes of asking a daemon that ends, hangs or speaks otherwise than FRR."""

_NEIGHBORS: dict[str, tuple[Callable[[str], Iterable[tuple[str, Any]]], str, str]] = {
    "IS-IS": (parse_isis, "isisd", "show isis neighbor"),
    "BFD": (lambda text: parse_bfd(decode_list(text)), "bfdd", "show bfd peers json"),
}
"""By protocol: who reads the answer, which daemon is asked, and what."""


class Questions:
    """Asks the daemons of a lab's nodes; one that ends, hangs or does not run answers with nothing."""

    def __init__(self, nodes: Nodes) -> None:
        """Ask those in that place."""
        self._nodes = nodes
        self._silent: set[tuple[str, str]] = set()  # node and daemon: did not answer, and not started since

    def command(self, namespace: str, daemon: str, line: str) -> str:
        """Return the daemon's answer to one command of enable mode, such as ``show ip route``.

        Raises:
            NotFoundError: The daemon does not run there.
            PeerError: It does not answer.
            ApplyError: It refuses.
        """
        files = Files(self._nodes.directory(namespace), daemon)
        try:
            with Vty(files.vty) as vty:
                answer = vty.together(["enable", line])[1]
        except OSError as error:
            raise NotFoundError(f"{namespace}: {daemon} does not run: {error.strerror}") from error
        if answer.failed:
            raise ApplyError(namespace, f"{daemon}: {line}", answer.words)
        return answer.text

    def sessions(self, namespace: str) -> list[BgpSession]:
        """Return the BGP peers of a node, none where no bgpd runs."""
        return self._reported(parse_bgp, namespace, "bgpd", "show bgp summary json")

    def ospf_neighbors(self, namespace: str) -> list[OspfNeighbor]:
        """Return the OSPF neighbours of a node, of both versions."""
        two = self._reported(parse_ospf, namespace, "ospfd", "show ip ospf neighbor json")
        three = self._reported(parse_ospf6, namespace, "ospf6d", "show ipv6 ospf6 neighbor json")
        return [*two, *three]

    def neighbors_up(self, namespace: str, protocol: str) -> Mapping[str, int]:
        """Return how many neighbours are up: of ``IS-IS`` by the node's interfaces, of ``BFD`` by address."""
        parse, daemon, line = _NEIGHBORS[protocol]
        if (namespace, daemon) in self._silent:
            return {}
        try:
            found = set(parse(self.command(namespace, daemon, line)))
        except _NO_ANSWER:
            return {}
        return Counter(where for where, _ in found)

    def is_computing(self, namespace: str) -> bool:
        """Tell whether an OSPF daemon of a node is about to compute its routes anew."""
        two = self._answer(namespace, "ospfd", "show ip ospf json")
        three = self._answer(namespace, "ospf6d", "show ipv6 ospf6 json")
        if "spfTimerDueInMsecs" in two or "spfTimerDueInMsecs" in three:
            return True
        return externals.may_be_late(two) and not self._has_current_externals(namespace)

    def _has_current_externals(self, namespace: str) -> bool:
        questions = ("show ip ospf route json", "show ip ospf database external json")
        try:
            return externals.are_current(*(self._answer(namespace, "ospfd", q) for q in questions))
        except _NO_ANSWER:  # told otherwise than FRR tells it: no reason to wait
            return True

    def _waiting(self, namespace: str, daemon: str, config: Sequence[str]) -> tuple[str, ...]:
        """Return the lines of interfaces on which an OSPF daemon waits before an election."""
        if daemon not in ospf_fast_start.WORDS:
            return ()
        line = f"show {ospf_fast_start.WORDS[daemon]} interface json"
        names = {
            f"interface {name}" for name in self._reported(ospf_fast_start.waiting, namespace, daemon, line)
        }
        return lines(path for path in paths(config) if path[0] in names)

    def _lost(self, namespace: str, daemon: str, config: Sequence[str]) -> Iterator[str]:
        """Yield the peers of a bgpd whose session has to be opened again."""
        if daemon == "bgpd" and any(carrying_ipv6(config)):
            yield from self._reported(without_next_hop, namespace, "bgpd", "show bgp ipv6 neighbors json")

    def _reported(
        self, parse: Callable[[dict[str, Any]], Iterable[T]], namespace: str, daemon: str, line: str
    ) -> list[T]:
        """Return what a daemon tells; one that ends, hangs or speaks otherwise than FRR has no sessions."""
        if (namespace, daemon) in self._silent:
            return []
        try:
            return list(parse(decode(self.command(namespace, daemon, line))))
        except _NO_ANSWER:
            return []

    def _answer(self, namespace: str, daemon: str, line: str) -> dict[str, Any]:
        """Return what a daemon answers; one that ends, hangs or does not run says nothing."""
        try:
            return decode(self.command(namespace, daemon, line))
        except _NO_ANSWER:
            return {}
