"""Who answers whom: pings between nodes and hosts by name, or all hosts at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nlan.api import catalog
from nlan.api.inside import reach
from nlan.api.inside.echo import full_tables, ping_matrix
from nlan.errors import InputError

if TYPE_CHECKING:
    from nlan.api.lab import Lab
    from nlan.model.codec import IpAddress


class Ping(NamedTuple):
    """What a pair answered.

    Attributes:
        source: Who asked.
        target: The address that was asked.
        rtt_ms: The round-trip time of each answer in milliseconds; None for one that did not come.
    """

    source: str
    target: IpAddress
    rtt_ms: list[float | None]

    @property
    def ok(self) -> bool:
        """Whether every answer came."""
        return None not in self.rtt_ms


class Pings(NamedTuple):
    """What many pairs answered.

    Attributes:
        pairs: In the order in which they were asked.
        is_table_full: Whether the kernel's table of neighbours, which all labs share, was full meanwhile:
            then a lost answer says little of the lab.
    """

    pairs: tuple[Ping, ...]
    is_table_full: bool

    @property
    def ok(self) -> bool:
        """Whether every answer came."""
        return all(pair.ok for pair in self.pairs)


def ping(lab: Lab, source: str | None, target: str | None, *, count: int, timeout_s: float) -> Pings:
    """Ping one pair, or all hosts each other.

    Raises:
        InputError: One of source and target is given without the other.
    """
    if (source is None) != (target is None):
        raise InputError("say who asks whom: both source and target, or neither")
    catalog.choose(lab.environment, lab.name)
    context, known = lab.context(), lab.known()
    if source is None or target is None:
        pairs = reach.matrix(context, known)
    else:
        pairs = [reach.pair(context, known, source, target)]
    answers: dict[reach.Pair, list[float | None]] = {pair: [] for pair in pairs}
    full = full_tables()
    for _ in range(count):
        for pair, rtt_ms in ping_matrix(context.nodes, pairs, timeout_s).items():
            answers[pair].append(rtt_ms)
    found = tuple(Ping(*pair, rtts) for pair, rtts in answers.items())
    return Pings(found, any(not one.ok for one in found) and full_tables() > full)
