"""The asynchronous driver: a session with a tega server that heals itself.

After a lost connection the client dials again, resumes its session, offers
its functions and ephemeral nodes anew if the session had ended, and takes
up every subscription after the revision it saw last. Requests that are safe
to repeat wait for that; a call under way fails, for it may have run.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
import secrets
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from tega.api import Change, Commit, Difference, Entry, Op
from tega.client.decode import commit_of, difference_of, entry_of, groups_of
from tega.client.events import Commits, Messages, Stream, gone
from tega.client.transaction import MINE, Transaction
from tega.client.wire import Wire, dial, session_uri
from tega.errors import FutureRevision, StoreError
from tega.paths import format_path, to_path
from tega.protocol.errors import BadRequest, Denied, Disconnected, NameTaken, Unauthorized, from_wire

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping, Sequence

    from tega.api import Json, Path, PathLike, Rev

logger = logging.getLogger("tega.client")
Connector = Callable[[Callable[[dict[str, Any]], None], Callable[[], None]], Awaitable[Wire]]
REQUEST_S: Final = 30.0
"""How long a request waits for its answer, reconnections included."""
BACKOFF_S: Final = (0.02, 2.0)
NAMED: Final = frozenset({"put", "merge", "delete", "apply", "commit"})
"""Operations that carry an id, by which the server knows a repeated request."""
ONCE: Final = frozenset({"rollback", "clear", "import", "cancel", "publish", "call"})
"""Operations that must not be repeated."""
CALLS: Final = 1000
"""Calls of this client's functions that may run at once."""


class Client:
    """One session with a server; a context manager.

    Args:
        url: `host:port`, `http(s)://host:port` or `ws(s)://host:port`.
        name: The session's name; the server makes one up without it.
        token: What the server wants to see.
        ttl: Seconds for which the session outlives its connection; one
            that is silent for as long, or half a minute, is given up.
        tls: Context for `https`; the system's certificates without it.
        reconnect: Dial again when the connection is lost.
        connector: Another way to reach a hub than by `url`; plugins are
            in the server's own process.
    """

    def __init__(
        self,
        url: str = "127.0.0.1:8739",
        *,
        name: str | None = None,
        token: str | None = None,
        ttl: float = 10.0,
        tls: ssl.SSLContext | None = None,
        reconnect: bool = True,
        connector: Connector | None = None,
    ) -> None:
        if token is not None and not token.isprintable():
            raise BadRequest("the token has a line break or another control character in it")
        self.name = name or ""
        self.ttl = ttl
        self._dial = connector or _dialler(session_uri(url), token, tls)
        self._reconnect = reconnect
        self._key: str | None = None
        self._wire: Wire | None = None
        self._ready = False
        """Whether the server knows all of this session again, so that requests may follow."""
        self._numbers = count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._streams: dict[int, Stream[Any]] = {}
        self._all_streams: list[Stream[Any]] = []
        self._functions: dict[str, tuple[Callable[..., Any], str]] = {}
        self._ephemeral: dict[Path, Json] = {}
        self._serving: dict[int, asyncio.Task[None]] = {}
        self._keeper: asyncio.Task[None] | None = None
        self._chores: set[asyncio.Task[None]] = set()
        self._lost = asyncio.Event()
        self._closed = False
        self._failure: StoreError | None = None

    @property
    def connected(self) -> bool:
        """Whether the server can be asked just now; else this client dials again by itself."""
        return self._ready

    # -- opening and closing -------------------------------------------------

    async def open(self) -> Client:
        """Connect and say hello.

        Raises:
            Disconnected: The server cannot be reached.
            Unauthorized: The server wants another token.
            NameTaken: Another client has the name.
        """
        await self._connect()
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def close(self) -> None:
        """End the session: its ephemeral nodes, functions and subscriptions go."""
        if self._closed:
            return
        self._closed = True
        await self._say_bye()
        for task in [*self._serving.values(), *self._chores, *([self._keeper] if self._keeper else [])]:
            task.cancel()
        await asyncio.gather(*self._chores, *filter(None, [self._keeper]), return_exceptions=True)
        if self._wire is not None:
            self._wire.close()
        self._give_up(gone())

    async def _say_bye(self) -> None:
        if self._wire is None:
            return
        try:
            await asyncio.wait_for(self._ask_on(self._wire, {"op": "bye"}), 2.0)
        except (StoreError, TimeoutError):
            return

    async def __aenter__(self) -> Client:
        return await self.open()

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def _connect(self) -> None:
        wire: Wire | None = None
        ended = False

        def lost() -> None:
            nonlocal ended
            ended = True
            if wire is not None and wire is self._wire:
                self._on_lost()

        wire = await self._dial(self._on_message, lost)
        if ended:
            raise Disconnected("the server closed the connection at once")
        self._lost.clear()
        self._wire = wire
        try:
            async with asyncio.timeout(REQUEST_S):
                await self._greet(wire)
        except BaseException as error:
            self._wire, self._ready = None, False
            wire.close()
            if isinstance(error, TimeoutError):
                raise Disconnected(f"the server did not answer within {REQUEST_S:g} s") from error
            raise

    async def _greet(self, wire: Wire) -> None:
        hello = {"op": "hello", "name": self.name or None, "key": self._key, "ttl": self.ttl}
        answer = await self._ask_on(wire, hello)
        self.name, self._key = answer["name"], answer["key"]
        wire.most = answer.get("max")
        await self._take_up(wire, answer["resumed"])

    async def _take_up(self, wire: Wire, resumed: bool) -> None:
        """Bring the server's idea of this session up to date, then send again what waits for an answer."""
        if not resumed:
            for path, (_, doc) in list(self._functions.items()):
                offer = {"op": "offer", "path": path, "doc": doc}
                await self._renew(wire, offer, partial(self._functions.pop, path, None))
            for place, value in list(self._ephemeral.items()):
                put = {"op": "put", "path": format_path(place), "value": value, "ephemeral": True}
                await self._renew(wire, put, partial(self._ephemeral.pop, place, None))
        self._streams.clear()
        for stream in list(self._all_streams):
            if not stream._cut:
                await self._take_up_stream(wire, stream)
        for number, waiting in list(self._waiting.items()):
            if waiting.answer.done():  # whoever asked has given up
                del self._waiting[number]
            elif waiting.retry:
                self._send_again(wire, number, waiting)
        self._ready = True

    async def _renew(self, wire: Wire, message: dict[str, Any], drop: Callable[[], object]) -> None:
        """Have again what the last session had; what is refused for good is lost, and the rest goes on."""
        try:
            await self._ask_on(wire, message)
        except StoreError as error:
            if error.transient:
                raise
            drop()
            logger.warning("client.not_renewed op=%s path=%s %s", message["op"], message["path"], error)

    async def _take_up_stream(self, wire: Wire, stream: Stream[Any]) -> None:
        """Have a stream told from where it is, or where the server's history ends if that is before."""
        try:
            try:
                await self._ask_on(wire, stream._resumption(), partial(self._register, stream))
            except FutureRevision as error:
                stream._set_back(error.head)
                await self._ask_on(wire, stream._resumption(), partial(self._register, stream))
        except StoreError as error:
            if error.transient:
                raise
            stream._fail(error)
            self._close_stream(stream)

    def _send_again(self, wire: Wire, number: int, waiting: _Waiting) -> None:
        try:
            wire.send({**waiting.message, "id": number})
        except StoreError as error:  # this server takes less than the one before
            del self._waiting[number]
            waiting.answer.set_exception(error)

    # -- keeping alive -------------------------------------------------------

    async def _keep(self) -> None:
        while not self._closed:
            try:
                await asyncio.wait_for(self._lost.wait(), min(self.ttl / 3, 1.0))
            except TimeoutError:
                self._beat()
            else:
                if not await self._dial_again():
                    return
            self._expire(asyncio.get_running_loop().time())

    def _beat(self) -> None:
        now = asyncio.get_running_loop().time()
        wire = self._wire
        if wire is None:
            return
        patience = min(self.ttl, REQUEST_S)
        if now - wire.heard > patience:
            wire.abort()
        elif now - self._pinged >= patience / 3:
            self._pinged = now
            self._chore(self._ping(wire))

    _pinged = 0.0

    async def _ping(self, wire: Wire) -> None:
        """Tell the server that we live, and learn up to where we know everything."""
        try:
            await self._ask_on(wire, {"op": "ping"}, self._caught_up)
        except StoreError:
            return

    def _caught_up(self, head: Rev | None) -> None:
        if head is not None:
            for stream in self._streams.values():
                if isinstance(stream, Commits):
                    stream.rev = max(stream.rev, head)

    def _expire(self, now: float) -> None:
        for number, waiting in list(self._waiting.items()):
            if now > waiting.deadline and not waiting.answer.done():
                del self._waiting[number]
                waiting.answer.set_exception(
                    Disconnected(f"no answer within {REQUEST_S:g} s; the server may be away or overloaded")
                )

    async def _dial_again(self) -> bool:
        """Dial until the session stands again; False when that can never be."""
        delay, most = BACKOFF_S
        while self._reconnect and not self._closed:
            try:
                await self._connect()
                return True
            except (Unauthorized, Denied, NameTaken) as error:
                self._give_up(error)
                return False
            except StoreError:
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))
                delay = min(delay * 2, most)
                self._expire(asyncio.get_running_loop().time())
        self._give_up(Disconnected("the connection was lost"))
        return False

    def _give_up(self, error: StoreError) -> None:
        self._failure = error
        for waiting in self._waiting.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(error)
        self._waiting.clear()
        for stream in self._all_streams:
            stream._fail(error)

    def _on_lost(self) -> None:
        self._wire, self._ready = None, False
        self._lost.set()
        for number, waiting in list(self._waiting.items()):
            if not waiting.retry and not waiting.answer.done():
                del self._waiting[number]
                waiting.answer.set_exception(
                    Disconnected("the connection was lost; the request may have run")
                )
        for task in self._serving.values():
            task.cancel()

    def _chore(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    # -- asking --------------------------------------------------------------

    def _ask(
        self,
        message: dict[str, Any],
        *,
        retry: bool = True,
        progress: Callable[[Json], None] | None = None,
        taken: Callable[[Any], None] | None = None,
    ) -> asyncio.Future[Any]:
        """Send a request; the future is its answer. With `retry` it is sent again after a reconnection.

        What follows the answer may be read before whoever waits for it
        goes on; `taken` is called with it in between.
        """
        if self._failure is not None:
            raise self._failure
        wire = self._wire if self._ready else None
        if wire is None and not retry:
            raise Disconnected("there is no connection to the server just now")
        loop = asyncio.get_running_loop()
        number = next(self._numbers)
        waiting = _Waiting(loop.create_future(), message, retry, loop.time() + REQUEST_S, progress, taken)
        message["id"] = number
        if wire is not None:
            wire.send(message)
        self._waiting[number] = waiting
        return waiting.answer

    async def _ask_on(
        self, wire: Wire, message: dict[str, Any], taken: Callable[[Any], None] | None = None
    ) -> Any:
        """Ask on one connection, or fail with it."""
        loop = asyncio.get_running_loop()
        number = next(self._numbers)
        waiting = _Waiting(loop.create_future(), message, False, loop.time() + REQUEST_S, None, taken)
        wire.send({**message, "id": number})
        self._waiting[number] = waiting
        return await waiting.answer

    def _on_message(self, message: dict[str, Any]) -> None:
        number = message.get("id")
        if number is None:
            self._on_push(message)
            return
        if message.get("push") == "progress":
            self._on_progress(number, message["value"])
            return
        waiting = self._waiting.pop(number, None)
        if waiting is None:
            return
        if waiting.taken is not None and "ok" in message:
            waiting.taken(message["ok"])
        if waiting.answer.done():
            return
        if "error" in message:
            waiting.answer.set_exception(from_wire(message["error"]))
        else:
            waiting.answer.set_result(message.get("ok"))

    def _on_progress(self, number: int, value: Json) -> None:
        waiting = self._waiting.get(number)
        if waiting is None or waiting.progress is None:
            return
        try:
            waiting.progress(value)
        except Exception as error:  # noqa: BLE001 - the caller's own, and so the caller's to hear of
            self._abort(number)
            if not waiting.answer.done():
                waiting.answer.set_exception(error)

    def _on_push(self, push: dict[str, Any]) -> None:
        match push.get("push"):
            case "call":
                self._serve(push)
            case "cancel":
                task = self._serving.get(push["call"])
                if task is not None:
                    task.cancel()
            case "dropped":
                for stream in self._all_streams:
                    if isinstance(stream, Messages):
                        stream.dropped += push["count"]
            case _:
                told = self._streams.get(push.get("sub", 0))
                if told is not None:
                    told._push(push)

    # -- reading -------------------------------------------------------------

    async def head(self, *, linearizable: bool = False) -> Rev:
        """Return the last revision; the server always tells the latest."""
        found: Rev = await self._ask({"op": "head"})
        return found

    async def get(self, path: PathLike = (), *, at: Rev | None = None) -> Entry | None:
        """Return what stands at a path, now or at a revision; None if nothing does."""
        message: dict[str, Any] = {"op": "get", "path": _text(path)}
        if at is not None:
            message["at"] = at
        found = await self._ask(message)
        return entry_of(found) if found else None

    async def select(
        self, pattern: str, *, regex: bool = False, at: Rev | None = None
    ) -> list[tuple[Entry, tuple[Any, ...]]]:
        r"""Return every node that matches a glob, with what each wildcard caught.

        With `regex`, an expression whose segments `\.` separates; what the
        groups caught is then a tuple for each segment that has any.
        """
        found = await self._ask({"op": "select", "pattern": pattern, "regex": regex, "at": at})
        return [(entry_of(one), groups_of(one["groups"])) for one in found]

    async def children(self, path: PathLike = ()) -> list[str]:
        """Return the names one level below a path."""
        found: list[str] = await self._ask({"op": "children", "path": _text(path)})
        return found

    async def log(
        self, path: PathLike = (), *, after: Rev | None = None, until: Rev | None = None, limit: int = 100
    ) -> list[Commit]:
        """Return the newest `limit` commits in a range, oldest first; of all that are kept unless told."""
        message = {"op": "log", "path": _text(path), "after": after, "until": until, "limit": limit}
        return [commit_of(one) for one in await self._ask(message)]

    async def history(
        self, path: PathLike = (), *, after: Rev | None = None, until: Rev | None = None
    ) -> AsyncIterator[Commit]:
        """Yield commits, oldest first, from the oldest kept unless told."""
        if after is None:
            after = (await self.ask("info"))["oldest"]
        last = until if until is not None else await self.head()
        while after < last:
            upto = min(after + 1000, last)
            for commit in await self.log(path, after=after, until=upto, limit=1000):
                yield commit
            after = upto

    async def diff(self, before: Rev, after: Rev | None = None, path: PathLike = ()) -> list[Difference]:
        """Return the leaves that differ between two revisions."""
        found = await self._ask({"op": "diff", "since": before, "until": after, "path": _text(path)})
        return [difference_of(one) for one in found]

    async def ask(self, op: str, **fields: Any) -> Any:
        """Ask for any operation by its name on the wire: `ids`, `roots`, `plugins`, `snapshot` and so on."""
        if op in NAMED:
            fields.setdefault("request", secrets.token_hex(8))
        return await self._ask({"op": op, **fields}, retry=op not in ONCE)

    # -- writing -------------------------------------------------------------

    async def put(
        self,
        path: PathLike,
        value: Json,
        *,
        expect: Rev | None = None,
        ephemeral: bool = False,
        message: str = "",
    ) -> Commit:
        """Replace the subtree at a path; an ephemeral one goes with this session."""
        text = _text(path)
        fields: dict[str, Any] = {"op": "put", "path": text, "value": value}
        if ephemeral:
            fields["ephemeral"] = True
        lease = MINE if ephemeral else None
        return await self._write(fields, Change(Op.PUT, to_path(path), value, lease), expect, message)

    async def merge(
        self, path: PathLike, value: Mapping[str, Json], *, expect: Rev | None = None, message: str = ""
    ) -> Commit:
        """Merge a mapping into the subtree, leaf by leaf."""
        fields = {"op": "merge", "path": _text(path), "value": value}
        return await self._write(fields, Change(Op.MERGE, to_path(path), value), expect, message)

    async def delete(self, path: PathLike, *, expect: Rev | None = None, message: str = "") -> Commit:
        """Remove a subtree."""
        fields = {"op": "delete", "path": _text(path)}
        return await self._write(fields, Change(Op.DELETE, to_path(path)), expect, message)

    async def _write(
        self, fields: dict[str, Any], change: Change, expect: Rev | None, message: str
    ) -> Commit:
        request = secrets.token_hex(8)
        fields["request"] = request
        if expect is not None:
            fields["expect"] = expect
        if message:
            fields["message"] = message
        return self._made(await self._ask(fields), (change,), message, request)

    async def commit(
        self,
        changes: Sequence[Change],
        *,
        expect: Mapping[tuple[str, ...], Rev] | None = None,
        base: Rev | None = None,
        message: str = "",
        request_id: str | None = None,
    ) -> Commit:
        """Commit all changes or none; with `base`, only if what they change stands as it stood then.

        Raises:
            Conflict: An expectation did not hold; says which path and who changed it.
        """
        request = request_id or secrets.token_hex(8)
        fields = {
            "op": "apply",
            "steps": [_step(change) for change in changes],
            "expect": {format_path(path): rev for path, rev in (expect or {}).items()},
            "base": base,
            "message": message,
            "request": request,
        }
        return self._made(await self._ask(fields), tuple(changes), message, request)

    def _made(
        self, receipt: dict[str, Any], changes: tuple[Change, ...], message: str, request: str
    ) -> Commit:
        for change in changes:
            self._keep_ephemeral(change)
        return Commit(
            receipt["rev"],
            receipt["time"],
            self.name,
            message,
            request,
            changes,
            receipt["roots"],
            bytes.fromhex(receipt["prev_hash"]),
            bytes.fromhex(receipt["hash"]),
            receipt.get("reverts"),
        )

    def _keep_ephemeral(self, change: Change) -> None:
        """Know what has to be put again if the session has to be opened anew."""
        if change.op is Op.MERGE:
            return
        size = len(change.path)
        for old in [path for path in self._ephemeral if path[:size] == change.path]:
            del self._ephemeral[old]
        if change.lease is not None:
            self._ephemeral[change.path] = change.value

    @asynccontextmanager
    async def transaction(self, *, at: Rev | None = None, message: str = "") -> AsyncIterator[Transaction]:
        """Gather reads and writes, and commit them whole when the block ends without an exception.

        What was read must still stand at the commit. With `at`, so must
        what is written: pass `await client.head()` to lose against anybody
        who wrote the same paths in between.
        """
        txn = Transaction(self, at)
        yield txn
        if txn.changes and not txn.cancelled:
            txn.committed = await self.commit(
                txn.changes, expect=txn.expected, base=at, message=message, request_id=txn.request_id
            )

    async def rollback(
        self, root: str | None, to: Rev, *, expect: Rev | None = None, message: str = ""
    ) -> Commit:
        """Make a root, or with None the tree, equal to what it was, by a new commit."""
        fields = {"op": "rollback", "root": _text((root,)) if root else "", "to": to, "expect": expect}
        receipt = await self._ask({**fields, "message": message}, retry=False)
        return self._made(receipt, (), message, "")

    # -- keeping -------------------------------------------------------------

    async def snapshot(self) -> Rev:
        found: Rev = await self._ask({"op": "snapshot"})
        return found

    async def compact(self, before: Rev) -> None:
        await self._ask({"op": "compact", "before": before})

    async def verify(self) -> bytes:
        return bytes.fromhex(await self._ask({"op": "verify"}))

    async def export(self, *, at: Rev | None = None, history: bool = False) -> AsyncIterator[bytes]:
        for line in await self._ask({"op": "export", "at": at, "history": history}):
            yield line.encode()

    # -- watching ------------------------------------------------------------

    def subscribe(self, path: PathLike = (), *, regex: bool = False, after: Rev | None = None) -> Commits:
        """Return a stream of notices: use it as `async with client.subscribe("a") as notices`."""
        text = path if regex and isinstance(path, str) else _text(path)
        return Commits(self, {"op": "subscribe", "path": text, "regex": regex, "after": after})

    def listen(self, channel: str, *, regex: bool = False) -> Messages:
        """Return a stream of a channel's messages; `*` in the name stands for any characters."""
        return Messages(self, {"op": "listen", "channel": channel, "regex": regex})

    async def publish(self, channel: str, body: Json) -> int:
        """Send a message to everyone who listens now; return how many that are."""
        reached: int = await self._ask({"op": "publish", "channel": channel, "body": body}, retry=False)
        return reached

    async def _open_stream(self, stream: Stream[Any]) -> None:
        try:
            await self._ask(dict(stream._resumption()), retry=False, taken=partial(self._register, stream))
        except asyncio.CancelledError:
            stream.closed = True
            self._close_stream(stream)
            raise

    def _register(self, stream: Stream[Any], answer: dict[str, Any]) -> None:
        """The server tells `stream` from now on; what was closed meanwhile it need not."""
        if stream.closed:
            self._tell({"op": "unsubscribe", "sub": answer["sub"]})
            return
        stream._opened(answer)
        self._streams[stream.number] = stream
        if stream not in self._all_streams:
            self._all_streams.append(stream)

    def _close_stream(self, stream: Stream[Any]) -> None:
        if stream in self._all_streams:
            self._all_streams.remove(stream)
        self._pause_stream(stream)

    def _pause_stream(self, stream: Stream[Any]) -> None:
        if self._streams.pop(stream.number, None) is not None:
            self._tell({"op": "unsubscribe", "sub": stream.number})

    def _resume_stream(self, stream: Stream[Any]) -> None:
        self._chore(self._resubscribe(stream))

    async def _resubscribe(self, stream: Stream[Any]) -> None:
        wire = self._wire
        if wire is None:  # it is taken up with the others
            return
        try:
            await self._take_up_stream(wire, stream)
        except StoreError as error:
            if wire is self._wire:
                stream._fail(error)

    # -- calls ---------------------------------------------------------------

    async def call(
        self,
        path: PathLike,
        *args: Json,
        timeout: float = 5.0,  # noqa: ASYNC109 - the deadline travels with the call
        call_id: str | None = None,
        progress: Callable[[Json], None] | None = None,
        **kwargs: Json,
    ) -> Json:
        """Call the function at a path; cancelling this cancels it there.

        Raises:
            NoHandler: Nobody offers it; nothing ran.
            CallTimeout: No answer in time, or its owner vanished; it may have run.
            RemoteError: It raised.
            Disconnected: The connection was lost; it may have run.
        """
        fields: dict[str, Any] = {
            "op": "call",
            "path": _text(path),
            "args": args,
            "kwargs": kwargs,
            "timeout": timeout,
        }
        if call_id is not None:
            fields["call_id"] = call_id
        answer = self._ask(fields, retry=False, progress=progress)
        waiting = self._waiting.get(fields["id"])
        if waiting is not None:
            waiting.deadline += timeout
        try:
            return await answer
        except asyncio.CancelledError:
            self._abort(fields["id"])
            raise

    def _abort(self, number: int) -> None:
        self._waiting.pop(number, None)
        if self._wire is not None:
            self._wire.send({"op": "abort", "request": number})

    async def offer(self, path: PathLike, function: Callable[..., Any], *, doc: str | None = None) -> None:
        """Attach a function to a path until `withdraw` or the end of the session.

        A plain function runs on the event loop and must not block; a
        coroutine function is awaited; what an async generator yields is
        progress, its last value the result.
        """
        text = _text(path)
        said = doc if doc is not None else (inspect.getdoc(function) or "").partition("\n")[0]
        before = self._functions.get(text)
        self._functions[text] = (function, said)  # a call may come before the answer
        try:
            await self._ask({"op": "offer", "path": text, "doc": said})
        except BaseException:
            self._functions.pop(text, None)
            if before is not None:
                self._functions[text] = before
            raise

    async def withdraw(self, path: PathLike) -> None:
        """Detach a function."""
        text = _text(path)
        self._functions.pop(text, None)
        await self._ask({"op": "withdraw", "path": text})

    def _serve(self, push: dict[str, Any]) -> None:
        number = push["call"]
        found = self._functions.get(push["path"])
        if found is None:
            self._tell({"op": "fail", "call": number, "kind": "NoHandler", "message": "it was withdrawn"})
            return
        function = found[0]
        if not inspect.iscoroutinefunction(function) and not inspect.isasyncgenfunction(function):
            self._serve_plain(number, function, push)
            return
        if len(self._serving) >= CALLS:
            self._tell(
                {"op": "fail", "call": number, "kind": "Busy", "message": f"{CALLS} calls are running"}
            )
            return
        task = asyncio.create_task(self._serve_async(number, function, push))
        self._serving[number] = task
        task.add_done_callback(lambda _: self._serving.pop(number, None))

    def _serve_plain(self, number: int, function: Callable[..., Any], push: dict[str, Any]) -> None:
        try:
            self._tell({"op": "answer", "call": number, "value": function(*push["args"], **push["kwargs"])})
        except Exception as error:  # noqa: BLE001 - whatever it raises is the caller's to know
            self._tell({"op": "fail", "call": number, "kind": type(error).__name__, "message": str(error)})

    async def _serve_async(self, number: int, function: Callable[..., Any], push: dict[str, Any]) -> None:
        try:
            value = await self._run(number, function(*push["args"], **push["kwargs"]))
            self._tell({"op": "answer", "call": number, "value": value})
        except asyncio.CancelledError:
            self._tell({"op": "fail", "call": number, "kind": "Cancelled", "message": "it was cancelled"})
            raise
        except Exception as error:  # noqa: BLE001 - whatever it raises is the caller's to know
            self._tell({"op": "fail", "call": number, "kind": type(error).__name__, "message": str(error)})

    async def _run(self, number: int, running: Any) -> Json:
        if not inspect.isasyncgen(running):
            return await running
        value: Json = None
        async for value in running:
            self._tell({"op": "progress", "call": number, "value": value})
        return value

    def _tell(self, message: dict[str, Any]) -> None:
        if self._wire is not None:
            self._wire.send(message)


def _dialler(uri: str, token: str | None, tls: ssl.SSLContext | None) -> Connector:
    return lambda on_message, on_lost: dial(uri, token, tls, on_message, on_lost)


class _Waiting:
    """A request without an answer yet."""

    __slots__ = ("answer", "deadline", "message", "progress", "retry", "taken")

    def __init__(
        self,
        answer: asyncio.Future[Any],
        message: dict[str, Any],
        retry: bool,
        deadline: float,
        progress: Callable[[Json], None] | None,
        taken: Callable[[Any], None] | None,
    ) -> None:
        self.answer = answer
        self.message = message
        self.retry = retry
        self.deadline = deadline
        self.progress = progress
        self.taken = taken


def _text(path: PathLike) -> str:
    """The path's one text form, which is also the server's."""
    return format_path(to_path(path))


def _step(change: Change) -> dict[str, Any]:
    step = {"do": change.op.value, "path": format_path(change.path), "value": change.value}
    if change.lease is not None:
        step["ephemeral"] = True
    return step
