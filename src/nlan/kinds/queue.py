"""Queues on links: a rate (tbf), and delay, jitter and loss (netem), of what leaves by an interface.

A queue is one queueing discipline at the root of its interface: tbf(8) where only a rate is asked for,
netem(8) where there is more, which then keeps the rate as well. Its handle is nlan's mark. Changing it
keeps the link and all that stands on it; packets that wait in it while one discipline takes the other's
place are lost. Queues that bear no mark and are not the kernel's own are foreign.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, NamedTuple

from nlan.netlink import codec, wire
from nlan.netlink.codec import Message
from nlan.netlink.feature import Feature
from nlan.netlink.kind import KernelKind, View, foreign
from nlan.netlink.step import FINISH, REMOVE, Context, Step, index_of
from nlan.resources.base import NAMESPACE, Claim, Difference, Impact, Key, Rank, Resource, link_key

TBF_HANDLE, NETEM_HANDLE = 0x6E6C0000, 0x6E6D0000
BURST_S, QUEUE_S = 0.01, 0.05
"""How long a burst may last at full rate, and how long packets may wait for their turn."""
BURST_MIN, QUEUE_MIN = 10_000, 30_000
"""Bytes: a large frame, and twenty usual ones."""
NETEM_PACKETS = 10_000
"""How many packets may be under way: a delay of 100 ms at 1 Gbit/s with usual frames."""
LOSS_MAX = 0xFFFFFFFF
_TICK_NS = 64


class Queue(Resource, frozen=True, kw_only=True):
    """What happens to packets that leave by an interface.

    Attributes:
        namespace: Where the interface is.
        interface: Its name.
        rate: In bits a second, a multiple of 8; None for as fast as it goes.
        delay_us: How long each packet is held, in microseconds.
        jitter_us: By how much that varies, up and down.
        loss: How many packets are lost, in percent.
        odd: What is not as nlan makes it, in words.
    """

    kind: ClassVar[str] = "queue"
    rank: ClassVar[int] = Rank.ON_LINKS + 50
    goes_with_link: ClassVar[bool] = True
    mutable: ClassVar[dict[str, Impact]] = {
        "rate": "hitless",
        "delay_us": "hitless",
        "jitter_us": "hitless",
        "loss": "hitless",
        "odd": "hitless",
    }
    delete_impact: ClassVar[Impact] = "hitless"
    namespace: str
    interface: str
    rate: int | None = None
    delay_us: int = 0
    jitter_us: int = 0
    loss: float = 0.0
    odd: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """The interface."""
        return Key(self.kind, self.namespace, self.interface)

    @property
    def is_netem(self) -> bool:
        """Whether a rate alone would not do."""
        return bool(self.delay_us or self.jitter_us or self.loss)

    def requires(self) -> tuple[Key, ...]:
        """The interface."""
        return (Key(NAMESPACE, self.namespace, ""), link_key(self.namespace, self.interface))

    def claims(self) -> tuple[Claim, ...]:
        """The interface's root: it has one queue."""
        return (("queue", self.namespace, self.interface),)

    def difference(self, observed: Any) -> Difference | None:
        """Compare, in people's units; a rate that is not wanted any more is a difference, too."""
        seen = observed.texts()
        words = [
            f"{name} is {seen[name]}, wanted {wanted}"
            for name, wanted in self.texts().items()
            if seen[name] != wanted
        ]
        if observed.is_netem or (seen["rate"] == rate_text(self.rate) and not self.is_netem):
            words += observed.odd  # what a token bucket holds follows from its rate, and goes with it
        return Difference("hitless", ", ".join(words)) if words else None

    def texts(self) -> dict[str, str]:
        """Return what it does, each in people's units."""
        return {
            "rate": rate_text(self.rate),
            "delay": time_text(self.delay_us),
            "jitter": time_text(self.jitter_us),
            "loss": loss_text(self.loss),
        }

    def trait(self) -> str:
        """Return what it does to the interface's packets."""
        nothing = Queue(namespace=self.namespace, interface=self.interface).texts()
        words = (f"{name} {text}" for name, text in self.texts().items() if text != nothing[name])
        return f"{self.interface}: {', '.join(words)}"


def rate_text(rate: int | None) -> str:
    """Return bits a second as people say them: ``10M``."""
    if rate is None:
        return "unlimited"
    for unit, size in (("G", 10**9), ("M", 10**6), ("K", 10**3)):
        if rate % size == 0:
            return f"{rate // size}{unit}"
    return str(rate)


def time_text(microseconds: int) -> str:
    """Return a time as people say it: ``20ms``."""
    return f"{microseconds / 1000:g}ms"


def loss_text(percent: float) -> str:
    """Return a share as people say it: ``1%``."""
    return f"{percent:.4g}%"


class QueueKind(KernelKind[Queue]):
    """How queues are put on links, and found."""

    resource = Queue
    features = (
        Feature(
            "tbf",
            "a tbf queue",
            "rates of links",
            "sch_tbf",
            lambda _: [_message(1, TBF_HANDLE, "tbf", _tbf(10**6))],
            needed=False,
        ),
        Feature(
            "netem",
            "a netem queue",
            "delay, jitter and loss of links",
            "sch_netem",
            lambda _: [_message(1, NETEM_HANDLE, "netem", _netem(None, 1000, 0, 0.0))],
            needed=False,
        ),
    )
    events = ("policy",)

    def needs(self, desired: Queue) -> Iterable[Feature]:
        """Return that of the discipline that it takes."""
        tbf, netem = self.features
        return (netem,) if desired.is_netem else (tbf,)

    def observe(self, view: View) -> Iterator[Resource]:
        """Yield nlan's queues, and those that somebody put on a link: the kernel's own have no handle."""
        for body in view.dump(Message(wire.RTM_GETQDISC, 0, wire.TCMSG.pack(0, 0, 0, 0, 0))):
            _, index, handle, parent, _ = wire.TCMSG.unpack_from(body)
            link = view.links.by_index.get(index)
            if not handle or parent not in (wire.TC_H_ROOT, wire.TC_H_INGRESS) or link is None:
                continue
            parts = codec.attributes(body, wire.TCMSG.size)
            kind = codec.as_text(parts.get(wire.TCA_KIND))
            read = _READERS.get((kind, handle))
            if read is not None and link.is_marked and parent == wire.TC_H_ROOT:
                seen = read(parts[wire.TCA_OPTIONS])
                yield Queue(namespace=view.namespace, interface=link.name, **seen._asdict())
                continue
            removal = wire.TCMSG.pack(0, index, handle, parent, 0)
            words, harmless = f"{kind} on {link.name}", not link.is_marked
            yield foreign(view.namespace, "queue", words, wire.RTM_DELQDISC, removal, harmless=harmless)

    def create(self, desired: Queue) -> list[Step]:
        """Put it at the interface's root, in the place of what is there."""

        def build(context: Context) -> Message:
            index = index_of(context, desired.interface)
            if desired.is_netem:
                options = _netem(desired.rate, desired.delay_us, desired.jitter_us, desired.loss)
                return _message(index, NETEM_HANDLE, "netem", options)
            assert desired.rate is not None
            return _message(index, TBF_HANDLE, "tbf", _tbf(desired.rate))

        return [Step(FINISH, desired.namespace, build)]

    def update(self, desired: Queue, observed: Queue) -> list[Step]:
        """Change it where it stands."""
        return self.create(desired)

    def delete(self, observed: Queue) -> list[Step]:
        """Take it away; the kernel's own comes back."""
        handle = NETEM_HANDLE if observed.is_netem else TBF_HANDLE

        def build(context: Context) -> Message | None:
            index = context.links().index_of(observed.interface)
            if not index:
                return None
            header = wire.TCMSG.pack(0, index, handle, wire.TC_H_ROOT, 0)
            return Message(wire.RTM_DELQDISC, 0, header)

        # At the root is another one, or the kernel's own: "Invalid handle".
        return [Step(REMOVE, observed.namespace, build, absent_is_done=True, absent=(errno.EINVAL,))]


KIND = QueueKind()


class Seen(NamedTuple):
    """What a discipline says of itself."""

    rate: int | None = None
    delay_us: int = 0
    jitter_us: int = 0
    loss: float = 0.0
    odd: tuple[str, ...] = ()


def _message(index: int, handle: int, kind: str, options: bytes) -> Message:
    header = wire.TCMSG.pack(0, index, handle, wire.TC_H_ROOT, 0)
    body = header + codec.text(wire.TCA_KIND, kind) + codec.attribute(wire.TCA_OPTIONS, options)
    return Message(wire.RTM_NEWQDISC, wire.NLM_F_CREATE | wire.NLM_F_REPLACE, body)


# The token bucket: tc_tbf_qopt, linux/pkt_sched.h


def _depths(bytes_s: int) -> tuple[int, int]:
    """Return the bytes of a burst and of all that may wait, for a rate in bytes a second."""
    burst = max(int(bytes_s * BURST_S), BURST_MIN)
    return burst, burst + max(int(bytes_s * QUEUE_S), QUEUE_MIN)


def _tbf(rate: int) -> bytes:
    bytes_s = rate // 8
    burst, limit = _depths(bytes_s)
    spec = wire.TC_RATESPEC.pack(0, wire.TC_LINKLAYER_ETHERNET, 0, 0, 0, min(bytes_s, wire.TC_RATE32_MAX))
    parameters = spec + bytes(wire.TC_RATESPEC.size) + wire.TC_TBF_QOPT_REST.pack(limit, 0, 0)
    parts = codec.attribute(wire.TCA_TBF_PARMS, parameters) + codec.u32(wire.TCA_TBF_BURST, burst)
    if bytes_s >= wire.TC_RATE32_MAX:
        parts += codec.attribute(wire.TCA_TBF_RATE64, struct.pack("=Q", bytes_s))
    return parts


def _read_tbf(options: memoryview) -> Seen:
    parts = codec.attributes(options)
    parameters = parts[wire.TCA_TBF_PARMS]
    bytes_s = wire.TC_RATESPEC.unpack_from(parameters)[-1]
    if wire.TCA_TBF_RATE64 in parts:
        bytes_s = struct.unpack_from("=Q", parts[wire.TCA_TBF_RATE64])[0]
    limit, buffer, _ = wire.TC_TBF_QOPT_REST.unpack_from(parameters, 2 * wire.TC_RATESPEC.size)
    burst, wanted = _depths(bytes_s)
    odd = [f"limit is {limit}, wanted {wanted}"] if limit != wanted else []
    seen = buffer * _TICK_NS * bytes_s // 10**9
    if abs(seen - burst) > burst // 50 + bytes_s * _TICK_NS // 10**9 + 1:  # the kernel counts in ticks
        odd.append(f"burst is {seen}, wanted {burst}")
    return Seen(rate=bytes_s * 8, odd=tuple(odd))


# The network emulator: tc_netem_qopt


def _netem(rate: int | None, delay_us: int, jitter_us: int, loss: float) -> bytes:
    lost = min(round(loss / 100 * LOSS_MAX), LOSS_MAX)
    head = wire.TC_NETEM_QOPT.pack(0, NETEM_PACKETS, lost, 0, 0, 0)
    parts = codec.attribute(wire.TCA_NETEM_LATENCY64, struct.pack("=q", delay_us * 1000))
    parts += codec.attribute(wire.TCA_NETEM_JITTER64, struct.pack("=q", jitter_us * 1000))
    bytes_s = 0 if rate is None else rate // 8
    whole = struct.pack("=IiIi", min(bytes_s, wire.TC_RATE32_MAX), 0, 0, 0)
    parts += codec.attribute(wire.TCA_NETEM_RATE, whole)
    if bytes_s >= wire.TC_RATE32_MAX:
        parts += codec.attribute(wire.TCA_NETEM_RATE64, struct.pack("=Q", bytes_s))
    return head + parts


def _read_netem(options: memoryview) -> Seen:
    _, limit, lost, gap, duplicate, _ = wire.TC_NETEM_QOPT.unpack_from(options)
    parts = codec.attributes(options, wire.TC_NETEM_QOPT.size)
    bytes_s = codec.as_u32(parts.get(wire.TCA_NETEM_RATE))
    if wire.TCA_NETEM_RATE64 in parts:
        bytes_s = struct.unpack_from("=Q", parts[wire.TCA_NETEM_RATE64])[0]
    odd = [f"limit is {limit}, wanted {NETEM_PACKETS}"] if limit != NETEM_PACKETS else []
    odd += ["packets are duplicated or reordered, wanted not"] if gap or duplicate else []
    return Seen(
        rate=bytes_s * 8 or None,
        delay_us=_nanoseconds(parts, wire.TCA_NETEM_LATENCY64) // 1000,
        jitter_us=_nanoseconds(parts, wire.TCA_NETEM_JITTER64) // 1000,
        loss=round(lost / LOSS_MAX * 100, 6),
        odd=tuple(odd),
    )


def _nanoseconds(parts: dict[int, memoryview], which: int) -> int:
    return int(struct.unpack_from("=q", parts[which])[0]) if which in parts else 0


_READERS: dict[tuple[str, int], Callable[[memoryview], Seen]] = {
    ("tbf", TBF_HANDLE): _read_tbf,
    ("netem", NETEM_HANDLE): _read_netem,
}
