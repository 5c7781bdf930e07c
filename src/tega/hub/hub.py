"""The hub: sessions with all that hangs on them, over a store and under any transport.

A session lives from its hello until it says bye or its time-to-live has
passed without a sign of life. Its ephemeral nodes and its functions live as
long; its subscriptions end with the connection and are taken up again by the
client, from the revision it saw last.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Protocol

from tega.api import Change, Op
from tega.errors import Conflict, FutureRevision, StoreError
from tega.hub.calls import Calls
from tega.hub.changefeed import Changefeed, Subscription
from tega.hub.channels import Channels
from tega.hub.interest import Interest, regex_interest
from tega.hub.session import DEFAULT_TTL_S, MAX_TTL_S, MIN_TTL_S, Outbox, Session
from tega.hub.transactions import Transactions
from tega.log.state import mod_at
from tega.paths import format_path, parse_path
from tega.protocol.errors import BadRequest, Busy, NameTaken
from tega.tree.nodes import find

if TYPE_CHECKING:
    from collections.abc import Callable

    from tega.api import Path, Rev
    from tega.hub.access import Access
    from tega.hub.operations.base import Operations
    from tega.hub.store import HubStore
    from tega.tree.nodes import Node

logger = logging.getLogger("tega.hub")
MAX_SUBS: Final = 1000
"""Subscriptions, listenings or functions that one session may hold."""
MAX_SESSIONS: Final = 20_000
NAME_LENGTH: Final = 128


class Plugins(Protocol):
    """Whoever looks after the plugins."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def reload(self) -> None: ...
    def describe(self) -> dict[str, Any]: ...


class Hub:
    """Sessions, subscriptions, channels and calls over one store.

    Args:
        store: Where everything durable goes; the hub does not close it.
        clock: Monotonic seconds.
        operations: What it does for whom asks, see `standard_operations`.
    """

    def __init__(self, store: HubStore, clock: Callable[[], float], operations: Operations) -> None:
        self.store = store
        self.clock = clock
        self.operations = operations
        self.sessions: dict[str, Session] = {}
        self.changefeed = Changefeed(store)
        self.channels = Channels()
        self.calls = Calls()
        self.transactions = Transactions(store, clock)
        self.plugins: Plugins | None = None
        self._numbers = count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to follow the store; returns when commits from now on are notified."""
        self.changefeed.start()
        self._spawn(self._reap())

    async def stop(self) -> None:
        """End every session and stop; ephemeral nodes are gone when it returns."""
        ends = (self.end(session, "the server stops") for session in list(self.sessions.values()))
        for error in await asyncio.gather(*ends, return_exceptions=True):
            if error is not None:
                logger.warning("session.not_ended %s", error)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.changefeed.stop()

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_ended)
        return task

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("hub.task_failed", exc_info=error)

    # -- sessions ------------------------------------------------------------

    def open(
        self,
        outbox: Outbox | None,
        access: Access,
        *,
        name: str | None = None,
        key: str | None = None,
        ttl: float | None = None,
        peer: str = "",
    ) -> tuple[Session, bool]:
        """Open a session, or resume the one of that name; return also whether it was resumed.

        Raises:
            NameTaken: The session of that name is somebody else's.
            BadRequest: Name or time-to-live cannot be used.
            Busy: Too many sessions are open.
        """
        lifetime = _lifetime(ttl)
        given, name = name, full_name(access, name)
        if name in self.sessions:
            return self._resume(self.sessions[name], outbox, access, key, lifetime), True
        if len(self.sessions) >= MAX_SESSIONS:
            raise Busy(f"{MAX_SESSIONS} sessions are open, which is the most this server takes")
        now = self.clock()
        session = Session(name, access, lifetime, now, now, peer, named=given is not None, outbox=outbox)
        self.sessions[session.name] = session
        return session, False

    def _resume(
        self, session: Session, outbox: Outbox | None, access: Access, key: str | None, ttl: float
    ) -> Session:
        if key is None or not hmac.compare_digest(session.key.encode(), key.encode()):
            raise NameTaken(f"the name {session.name} is in use; its session's key is needed to resume it")
        old = session.outbox
        self.disconnected(session, old)
        if old is not None:
            old.close("the session was resumed on another connection")
        session.access, session.outbox, session.ttl = access, outbox, ttl
        self.alive(session)
        return session

    def alive(self, session: Session) -> None:
        session.last_seen = self.clock()

    def disconnected(self, session: Session, outbox: Outbox | None) -> None:
        """The connection is gone; the session stays until its time-to-live has passed."""
        if session.outbox is not outbox or outbox is None:
            return
        session.outbox = None
        self.unsubscribe(session, None)
        self.calls.left(session)

    def drained(self, session: Session) -> None:
        """The client has taken all that it was sent: send it what it missed."""
        if session.dropped and session.push({"push": "dropped", "count": session.dropped}):
            session.dropped = 0
        self.changefeed.drained(list(session.subs.values()))

    def forget(self, session: Session) -> None:
        """End a session that holds nothing yet."""
        session.over, session.outbox = True, None
        self.sessions.pop(session.name, None)

    async def end(self, session: Session, reason: str = "the session has ended") -> None:
        """End a session: its subscriptions, functions, transactions and ephemeral nodes go.

        With an empty reason the connection is left to the client to close.
        """
        if session.over:
            return
        session.over = True
        self.sessions.pop(session.name, None)
        self.unsubscribe(session, None)
        self.calls.ended(session)
        try:
            for txid in list(session.txids):
                self.transactions.drop(txid)
            if session.leasing is not None:
                async with session.leasing:
                    await self._unlease(session)
        finally:
            if session.outbox is not None and reason:
                session.outbox.close(reason)
            session.outbox = None

    async def _reap(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + MIN_TTL_S / 4
            await asyncio.sleep(MIN_TTL_S / 4)
            if loop.time() - due > MIN_TTL_S / 2:
                self.slept(loop.time() - due)
            await self._expire(self.clock())

    async def _expire(self, now: float) -> None:
        for session in list(self.sessions.values()):
            if now - session.last_seen > session.ttl:
                await self._end_silent(session)
        self.transactions.expire(now)

    async def _end_silent(self, session: Session) -> None:
        logger.info("session.expired name=%s ttl=%g", session.name, session.ttl)
        try:
            await self.end(session, f"no sign of life for {session.ttl:g} s")
        except StoreError as error:  # the lease runs out by itself
            logger.warning("session.lease_left name=%s %s", session.name, error)

    def slept(self, seconds: float) -> None:
        """The server itself stood still: nobody is to lose a session for what could not come."""
        for session in self.sessions.values():
            session.last_seen += seconds

    async def lease_of(self, session: Session) -> str:
        """Return the lease that the session's ephemeral nodes hang on, taken when first needed.

        Raises:
            BadRequest: There is no session that they could go with.
        """
        if self.sessions.get(session.name) is not session:
            raise BadRequest("an ephemeral node goes with its session, and this request has none")
        if session.leasing is None:
            session.leasing = asyncio.Lock()
        async with session.leasing:
            if session.over:
                raise BadRequest("the session has ended")
            if session.lease is None:
                ttl = max(session.ttl, self.store.limits().min_ttl)
                session.lease_block = self.store.lease(ttl, owner=session.name)
                session.lease = await session.lease_block.__aenter__()
                session.lease.lost.add_done_callback(lambda _: self._lease_lost(session))
            return session.lease.id

    def _lease_lost(self, session: Session) -> None:
        """Nodes went without their session: it ends, and its client opens another and puts them again."""
        if not session.over:
            logger.info("session.lease_lost name=%s", session.name)
            self._spawn(self.end(session, "the lease of its nodes ran out while the server stood still"))

    async def _unlease(self, session: Session) -> None:
        block, session.lease_block, session.lease = session.lease_block, None, None
        if block is not None:
            await block.__aexit__(None, None, None)

    # -- subscriptions -------------------------------------------------------

    def subscribe(self, session: Session, path: str, *, regex: bool, after: Rev | None) -> Subscription:
        """Notify the session of commits from now on, or from the one after a revision.

        Raises:
            FutureRevision: That revision does not exist yet.
        """
        self._room(session)
        interest = regex_interest(path) if regex else Interest(parse_path(path))
        if interest.pattern is None and interest.path:
            session.access.require("read", interest.path)
        cursor = self.changefeed.head if after is None else after
        if cursor > self.changefeed.head and cursor > (head := self.store.database.head()):
            raise FutureRevision(cursor, head)
        sub = Subscription(next(self._numbers), session, interest, cursor)
        session.subs[sub.number] = sub
        self.changefeed.add(sub)
        return sub

    def listen(self, session: Session, channel: str, *, regex: bool) -> int:
        self._room(session)
        number = next(self._numbers)
        session.listenings[number] = self.channels.listen(session, number, channel, regex=regex)
        return number

    def _room(self, session: Session) -> None:
        if len(session.subs) + len(session.listenings) + len(session.offers) >= MAX_SUBS:
            raise Busy(f"a session may hold {MAX_SUBS} subscriptions and functions")

    def unsubscribe(self, session: Session, number: int | None) -> int:
        """End one subscription or listening, or all of them; return how many that were."""
        numbers = [*session.subs, *session.listenings] if number is None else [number]
        return sum(self._unsubscribe(session, one) for one in numbers)

    def _unsubscribe(self, session: Session, number: int) -> bool:
        sub = session.subs.pop(number, None)
        if sub is not None:
            self.changefeed.remove(sub)
        listening = session.listenings.pop(number, None)
        if listening is not None:
            self.channels.unlisten(listening)
        return sub is not None or listening is not None

    # -- functions -----------------------------------------------------------

    async def offer(self, session: Session, path: Path, doc: str) -> None:
        """Attach a function; it shows in the tree as an ephemeral node while it is attached.

        Raises:
            Offered: Another session offers it.
            BadRequest: Data is there.
        """
        self._room(session)
        self.calls.offer(session, path, doc)
        try:
            node = {"rpc": {"owner": session.name, "doc": doc}}
            await self._show(Change(Op.PUT, path, node, await self.lease_of(session)), session.name)
        except BaseException:
            self.calls.withdraw(session, path)
            raise

    async def _show(self, change: Change, author: str) -> None:
        while True:
            tree = self.store.database.view().tree
            _check_free(tree, change.path)
            try:
                await self.store.commit(
                    [change], expect={change.path: mod_at(tree, change.path)}, author=author
                )
            except Conflict:  # something was written there meanwhile: look again
                continue
            return

    async def withdraw(self, session: Session, path: Path) -> None:
        self.calls.withdraw(session, path)
        node = find(self.store.database.view().tree, path)
        if node is not None and session.lease is not None and node.lease == session.lease.id:
            await self.store.delete(path, author=session.name)


def _check_free(tree: Node, path: Path) -> None:
    """Refuse a place for a function where something else stands than a function that was."""
    node: Node | None = tree
    for segment in path:
        if node is None or node.children is None:
            break
        node = node.children.get(segment)
    if node is not None and (node.children is None or any(key != "rpc" for key, _ in node.children.items())):
        raise BadRequest(f"{format_path(path)} holds data, which a function there would replace")


def _lifetime(ttl: float | None) -> float:
    if ttl is None:
        return DEFAULT_TTL_S
    if not MIN_TTL_S <= ttl <= MAX_TTL_S:
        raise BadRequest(f"a time-to-live is {MIN_TTL_S:g} to {MAX_TTL_S:g} s, got {ttl:g}")
    return ttl


def full_name(access: Access, name: str | None) -> str:
    """Return what a client is called: as it calls itself, behind its token's name where there are tokens.

    Raises:
        BadRequest: The name is empty, too long, or has control characters in it.
    """
    before = f"{access.name}/" if access.name else ""
    own = secrets.token_hex(8) if name is None else name.removeprefix(before)
    if not 0 < len(own) <= NAME_LENGTH or not own.isprintable():
        raise BadRequest(f"a session's name has 1 to {NAME_LENGTH} printable characters")
    return own if own == access.name else before + own
