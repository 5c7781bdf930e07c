"""One client as the hub sees it: who it is, what it may, what it holds, and the way to reach it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager

    from tega.aio.parts import AsyncLease
    from tega.api import Path
    from tega.hub.access import Access
    from tega.hub.changefeed import Subscription
    from tega.hub.channels import Listening
    from tega.protocol.pushes import Push

MIN_TTL_S = 1.0
MAX_TTL_S = 3600.0
DEFAULT_TTL_S = 10.0


class Outbox(Protocol):
    """The way to a client. It never blocks: it takes a message or says that it is full."""

    @property
    def full(self) -> bool:
        """Whether the client has not taken what it was sent; `Hub.drained` is called when it has."""
        ...

    def send(self, message: Mapping[str, Any]) -> None:
        """Queue one message; also when full, for answers must reach the client."""
        ...

    def close(self, reason: str) -> None:
        """Cut the connection, without waiting for the client."""
        ...


@dataclass(slots=True, eq=False)
class Session:
    """A client, from its hello until its time-to-live after the last sign of life."""

    name: str
    access: Access
    ttl: float
    since: float
    last_seen: float
    peer: str = ""
    named: bool = False
    key: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    outbox: Outbox | None = None
    lease: AsyncLease | None = None
    lease_block: AbstractAsyncContextManager[AsyncLease] | None = None
    leasing: asyncio.Lock | None = None
    offers: set[Path] = field(default_factory=set)
    subs: dict[int, Subscription] = field(default_factory=dict)
    listenings: dict[int, Listening] = field(default_factory=dict)
    txids: set[str] = field(default_factory=set)
    dropped: int = 0
    over: bool = False

    def push(self, message: Push) -> bool:
        """Send a push that may be lost; return False when the client is away or too slow for it."""
        if self.outbox is None:
            return False
        if self.outbox.full:
            self.dropped += 1
            return False
        self.outbox.send(message)
        return True

    def describe(self, now: float) -> dict[str, Any]:
        """Say who this is, for `ids`; times are in seconds."""
        return {
            "peer": self.peer,
            "connected": self.outbox is not None,
            "age": round(now - self.since, 3),
            "silent": round(now - self.last_seen, 3),
            "ttl": self.ttl,
            "subscribes": sorted(sub.interest.text for sub in self.subs.values()),
            "listens": sorted(one.channel for one in self.listenings.values()),
            "offers": len(self.offers),
            "ephemeral": self.lease is not None,
        }
