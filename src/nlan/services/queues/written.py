"""What a link or an end says of the queue at its interfaces, and how that is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from nlan.schema.resolving.drafts import End, NodeDraft, Segment
from nlan.schema.syntax.report import Report
from nlan.schema.written import common
from nlan.schema.written.kinds import Json, ScalarKind, or_placeholder
from nlan.schema.written.numbers import Integer, decimal_digits
from nlan.schema.written.sections import Contribution, Key, keys_of
from nlan.services.queues.model import Queue, Queues


class Rate(ScalarKind[int]):
    """Bits a second, or with K, M, G (powers of 1000); at least 8000."""

    wanted = "a rate in bits a second such as `10M`"
    explains = True
    LEAST, MOST = 8000, 10**12
    _units: ClassVar[dict[str, int]] = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}

    def parse(self, text: str, plain: bool) -> int:
        """Return the bits a second, whole bytes."""
        match = re.fullmatch(r"([0-9]{1,13}(?:\.[0-9]{1,9})?)\s*([kmgt]?)(?:bit(?:/s)?|bps)?", text.lower())
        if match is None:
            raise ValueError(f"`{text}` is not {self.wanted}")
        rate = int(float(decimal_digits(match[1])) * self._units[match[2]]) // 8 * 8
        if not self.LEAST <= rate <= self.MOST:
            raise ValueError(f"`{text}` is not {self.wanted}: from 8K to 1T")
        return rate

    def schema(self) -> Json:
        """An integer, or a string with its unit."""
        pattern = r"[0-9]+(\.[0-9]+)?\s*[KkMmGgTt]?([Bb]it(/s)?|bps)?"
        text = {"type": "string", "pattern": or_placeholder(pattern)}
        return {"anyOf": [{"type": "integer", "minimum": self.LEAST, "maximum": self.MOST}, text]}


class Duration(ScalarKind[int]):
    """A time with its unit, `us`, `ms` or `s`; at most a minute. Reads to microseconds."""

    wanted = "a time such as `20ms`"
    explains = True
    MOST = 60_000_000
    _units: ClassVar[dict[str, int]] = {"us": 1, "ms": 1000, "s": 10**6}

    def parse(self, text: str, plain: bool) -> int:
        """Return the microseconds."""
        match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(us|ms|s)", text.lower())
        if match is None:
            raise ValueError(f"`{text}` is not {self.wanted}", "the units are `us`, `ms` and `s`")
        value = round(float(decimal_digits(match[1])) * self._units[match[2]])
        if value > self.MOST:
            raise ValueError(f"`{text}` is longer than a minute, the longest that a packet is held")
        return value

    def schema(self) -> Json:
        """A string with its unit."""
        return {"type": "string", "pattern": or_placeholder(r"[0-9]+(\.[0-9]+)?\s*(us|ms|s)")}


class Percent(ScalarKind[float]):
    """A share of a hundred, with or without the sign."""

    wanted = "a percentage from `0%` to `100%`"
    explains = True

    def parse(self, text: str, plain: bool) -> float:
        """Return the percent."""
        match = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,6})?(?:e-[0-9]{1,2})?)\s*%?", text)
        if match is None or float(match[1]) > 100:
            raise ValueError(f"`{text}` is not {self.wanted}")
        return float(match[1])

    def schema(self) -> Json:
        """A number, or a string with its sign."""
        text = {"type": "string", "pattern": or_placeholder(r"[0-9]+(\.[0-9]+)?\s*%?")}
        return {"anyOf": [{"type": "number", "minimum": 0, "maximum": 100}, text]}


RATE, DURATION, PERCENT = Rate(), Duration(), Percent()
MICROSECONDS = Integer(0, Duration.MOST, "number of microseconds")


class QueueKeys:
    """The keys of a queue: what happens to packets that leave by an interface."""

    rate = Key("rate", RATE, "How fast packets leave, in bits a second.", default="as fast as it goes")
    delay = Key("delay", DURATION, "How long each packet is held.", default="not at all")
    jitter = Key("jitter", DURATION, "By how much `delay` varies, up and down.", default="not at all")
    loss = Key("loss", PERCENT, "How many packets are lost.", default="none")


KEYS = keys_of(QueueKeys)
_NAMES = frozenset(key.name for key in KEYS)
CONTRIBUTION = Contribution(
    keys={"a link": KEYS, "an end": KEYS},
    titles={Queues: "queues", Queue: "a queue"},
    fields={
        (Queue, "interface"): common.IFNAME,
        (Queue, "rate"): RATE,
        (Queue, "delay_us"): MICROSECONDS,
        (Queue, "jitter_us"): MICROSECONDS,
        (Queue, "loss"): PERCENT,
    },
    pages={"Slow, long and lossy links": "services/links-and-lans.md#slow-long-and-lossy-links"},
)


def resolve(node: NodeDraft, report: Report) -> Queues | None:
    """Return the queues at a node's ends, None where nobody says anything of any."""
    ports = tuple(_queues(node, report))
    return Queues(ports=ports) if ports else None


def _queues(node: NodeDraft, report: Report) -> Iterator[Queue]:
    for segment, end in node.ends:
        if _NAMES.isdisjoint(end.written.values) and _NAMES.isdisjoint(segment.written.values):
            continue
        if segment.kind == "l2vpn":
            _refuse(segment, end, report)
        elif (queue := _queue(segment, end, report)) != Queue(interface=end.interface):
            yield queue


def _queue(segment: Segment, end: End, report: Report) -> Queue:
    """Return what an end says itself, and what its link says of both."""
    both = end.written.over(segment.written)
    delay, jitter = both.get(QueueKeys.delay, 0), both.get(QueueKeys.jitter, 0)
    if jitter > delay:
        at = both.position(QueueKeys.jitter)
        report.error(at, "`jitter` is larger than the `delay` that it varies", "say a longer `delay`")
    return Queue(
        interface=end.interface,
        rate=both.get(QueueKeys.rate),
        delay_us=delay,
        jitter_us=jitter,
        loss=both.get(QueueKeys.loss, 0.0),
    )


def _refuse(segment: Segment, end: End, report: Report) -> None:
    both = end.written.over(segment.written)
    for key in KEYS:
        if key in both:
            message = f"`{key.name}` is of a link, or of a LAN's port; this is an L2VPN"
            report.error(both.position(key), message, "say it at the links that the tunnels run over")
