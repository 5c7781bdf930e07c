"""What answers a route socket: each request is carried out and answered in the kernel's framing."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator

from nlan.netlink import codec, wire
from nlan.testing.errors import RefusedError, UnexpectedError
from nlan.testing.kernel.faults import Faults
from nlan.testing.kernel.state import Netns
from nlan.testing.wire import address, fdb, link, queue, route, rule
from nlan.testing.wire.lessons import Lessons
from nlan.testing.wire.request import Request, expect

CHANGES: dict[int, tuple[str, Callable[[Request], None]]] = {
    wire.RTM_NEWLINK: ("RTM_NEWLINK", link.new),
    wire.RTM_DELLINK: ("RTM_DELLINK", link.delete),
    wire.RTM_NEWADDR: ("RTM_NEWADDR", address.new),
    wire.RTM_DELADDR: ("RTM_DELADDR", address.delete),
    wire.RTM_NEWROUTE: ("RTM_NEWROUTE", route.new),
    wire.RTM_DELROUTE: ("RTM_DELROUTE", route.delete),
    wire.RTM_NEWNEIGH: ("RTM_NEWNEIGH", fdb.new),
    wire.RTM_DELNEIGH: ("RTM_DELNEIGH", fdb.delete),
    wire.RTM_NEWRULE: ("RTM_NEWRULE", rule.new),
    wire.RTM_DELRULE: ("RTM_DELRULE", rule.delete),
    wire.RTM_NEWQDISC: ("RTM_NEWQDISC", queue.new),
    wire.RTM_DELQDISC: ("RTM_DELQDISC", queue.delete),
}


def _none(request: Request) -> Iterator[bytes]:
    """List nothing."""
    expect(not any(request.body), True, "whether all are asked for")
    return iter(())


LISTS: dict[int, Callable[[Request], Iterator[bytes]]] = {
    wire.RTM_GETLINK: link.listed,
    wire.RTM_GETADDR: address.listed,
    wire.RTM_GETROUTE: route.listed,
    wire.RTM_GETNEIGH: fdb.listed,
    wire.RTM_GETRULE: rule.listed,
    wire.RTM_GETQDISC: queue.listed,
    wire.NFT_MSG_GETTABLE: _none,
}
"""Tables of nftables there are none."""
wire.NLM_F_MULTI, _DATAGRAM = 2, 32768
_SENT_WORDS = 1


class RouteServer:
    """Answers the route sockets of all namespaces."""

    def __init__(self, faults: Faults, netns_of: Callable[[int], Netns], lessons: Lessons) -> None:
        """Take what it works with.

        Args:
            faults: Told of every change.
            netns_of: Returns which namespace a descriptor stands for.
            lessons: What the kernel was taught.
        """
        self._faults, self._netns_of, self._links = faults, netns_of, lessons.links
        self._changes, self._lists = CHANGES | lessons.changes, LISTS | lessons.lists

    def answer(self, netns: Netns, data: bytes) -> list[bytes]:
        """Carry out the requests of a datagram to a namespace in order; return the answers' datagrams."""
        messages = list(codec.messages(memoryview(data)))
        self._faults.call(sum(kind in self._changes for kind, *_ in messages))
        answers: list[bytes] = []
        for kind, flags, sequence, body in messages:
            asks = flags & wire.NLM_F_ACK
            request = Request(
                netns, flags & ~(wire.NLM_F_REQUEST | wire.NLM_F_ACK), body, self._netns_of, self._links
            )
            if kind in self._changes:
                refused = self._change(kind, request)
                if refused is not None or asks:
                    answers.append(_acknowledgement(refused, sequence))
            elif kind in self._lists:
                answers += _dump(self._lists[kind], kind, request, sequence)
            else:
                raise UnexpectedError(f"a request of type {kind} is new to the fake kernel")
        return answers

    def _change(self, kind: int, request: Request) -> RefusedError | None:
        name, change = self._changes[kind]
        try:
            self._faults.change(f"{name} in {request.netns.name}")
            change(request)
        except RefusedError as refused:
            return refused
        return None


def _acknowledgement(refused: RefusedError | None, sequence: int) -> bytes:
    number, words = (0, "") if refused is None else (refused.errno, refused.words)
    echo = wire.NLMSGHDR.pack(wire.NLMSGHDR.size, 0, 0, sequence, 0)
    body = struct.pack("=i", -number) + echo + (codec.text(_SENT_WORDS, words) if words else b"")
    flags = wire.NLM_F_CAPPED | (wire.NLM_F_ACK_TLVS if words else 0)
    return _packed(wire.NLMSG_ERROR, flags, sequence, body)


def _packed(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    size = wire.NLMSGHDR.size + len(body)
    return wire.NLMSGHDR.pack(size, kind, flags, sequence, 0) + body + b"\0" * (-size % 4)


def _dump(
    listed: Callable[[Request], Iterable[bytes]], kind: int, request: Request, sequence: int
) -> Iterator[bytes]:
    """Yield what is listed, as many messages to a datagram as fit, and the end of the list."""
    request.expect(wire.NLM_F_DUMP)
    datagram = b""
    number = 0
    try:
        for body in listed(request):
            message = _packed(kind - 2, wire.NLM_F_MULTI, sequence, body)
            if len(datagram) + len(message) > _DATAGRAM:
                yield datagram
                datagram = b""
            datagram += message
    except RefusedError as refused:
        number = refused.errno
    yield datagram + _packed(wire.NLMSG_DONE, wire.NLM_F_MULTI, sequence, struct.pack("=i", -number))
