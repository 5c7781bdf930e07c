"""Requests about queues, and those at links' roots as they are listed: token buckets alone."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from nlan.netlink import codec, wire
from nlan.testing.errors import RefusedError
from nlan.testing.kernel.state import Bucket, Link
from nlan.testing.wire.request import Request, expect, fields, link_of

_TICK_NS = 64
_BOTH_RATES = 2 * wire.TC_RATESPEC.size


def new(request: Request) -> None:
    """Put a token bucket at a link's root, or change the one that is there."""
    request.expect(wire.NLM_F_CREATE | wire.NLM_F_REPLACE)
    link, handle = _subject(request)
    found = fields(request.body, wire.TCMSG.size, {wire.TCA_KIND, wire.TCA_OPTIONS})
    if codec.as_text(found[wire.TCA_KIND]) != "tbf":
        raise RefusedError(errno.ENOENT, "Specified qdisc kind is unknown")
    options = fields(found[wire.TCA_OPTIONS], 0, {wire.TCA_TBF_PARMS, wire.TCA_TBF_BURST})
    parameters = options[wire.TCA_TBF_PARMS]
    limit, buffer, _ = wire.TC_TBF_QOPT_REST.unpack_from(parameters, _BOTH_RATES)
    expect(buffer, 0, "a token bucket's buffer beside its burst")
    rate = wire.TC_RATESPEC.unpack_from(parameters)[-1]
    link.bucket = Bucket(handle, rate, limit, codec.as_u32(options[wire.TCA_TBF_BURST]))


def delete(request: Request) -> None:
    """Take a link's queue away."""
    request.expect(0)
    link, handle = _subject(request)
    if link.bucket is None or link.bucket.handle != handle:
        raise RefusedError(errno.EINVAL, "Invalid handle")
    link.bucket = None


def _subject(request: Request) -> tuple[Link, int]:
    _, number, handle, parent, _ = wire.TCMSG.unpack_from(request.body)
    expect(parent, wire.TC_H_ROOT, "a queue's parent")
    return link_of(request.netns, number), handle


def listed(request: Request) -> Iterator[bytes]:
    """Yield every queue that is not the kernel's own."""
    expect(any(request.body), False, "whether all queues are asked for")
    for link in request.netns.links.values():
        if link.bucket is not None:
            yield _body(link, link.bucket)


def _body(link: Link, bucket: Bucket) -> bytes:
    spec = wire.TC_RATESPEC.pack(0, wire.TC_LINKLAYER_ETHERNET, 0, 0, 0, bucket.rate)
    ticks = bucket.burst * 10**9 // bucket.rate // _TICK_NS
    rest = wire.TC_TBF_QOPT_REST.pack(bucket.limit, ticks, 0)
    options = codec.attribute(wire.TCA_TBF_PARMS, spec + bytes(wire.TC_RATESPEC.size) + rest)
    header = wire.TCMSG.pack(0, link.number, bucket.handle, wire.TC_H_ROOT, 0)
    return header + codec.text(wire.TCA_KIND, "tbf") + codec.attribute(wire.TCA_OPTIONS, options)
