"""A session with a tega server that heals itself.

After a lost connection it dials again, resumes, offers its functions and
ephemeral nodes anew if the session had ended, and takes up every
subscription after the revision it saw last. Requests that are safe to repeat
wait for that; a call under way fails, for it may have run.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, cast

from tega.client import asking
from tega.client.asking import Asking, Waiting
from tega.client.events import gone
from tega.client.functions import Functions
from tega.client.subscriptions import Subscriptions
from tega.client.wire import Wire, dial, session_uri
from tega.errors import StoreError
from tega.paths import format_path
from tega.protocol import requests
from tega.protocol.errors import BadRequest, Denied, Disconnected, NameTaken, Unauthorized
from tega.protocol.requests import outgoing

if TYPE_CHECKING:
    import ssl
    from collections.abc import Coroutine

    from tega.api import Json, Path
    from tega.protocol.pushes import Push

logger = logging.getLogger("tega.client")
Connector: TypeAlias = Callable[[Callable[[dict[str, Any]], None], Callable[[], None]], Awaitable[Wire]]
BACKOFF_S: Final = (0.02, 2.0)
BYE_S: Final = 2.0
"""How long a client that leaves waits for the server's answer."""


class Session:
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
        self.wire: Wire | None = None
        self._dial = connector or _dialler(session_uri(url), token, tls)
        self._reconnect = reconnect
        self._key: str | None = None
        self._ready = False
        """Whether the server knows all of this session again, so that requests may follow."""
        self._asking = Asking()
        self._subscriptions = Subscriptions(self)
        self._functions = Functions(self.send)
        self._ephemeral: dict[Path, Json] = {}
        self._pinged = 0.0
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

    async def open(self) -> Self:
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
        tasks = [*self._chores, *([self._keeper] if self._keeper else [])]
        self._functions.cancel_all()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.wire is not None:
            self.wire.close()
        self._give_up(gone())

    async def _say_bye(self) -> None:
        if self.wire is None:
            return
        try:
            await asyncio.wait_for(self.ask_on(self.wire, requests.Bye()), BYE_S)
        except (StoreError, TimeoutError):
            return

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def _connect(self) -> None:
        wire: Wire | None = None
        ended = False

        def lost() -> None:
            nonlocal ended
            ended = True
            if wire is not None and wire is self.wire:
                self._on_lost()

        wire = await self._dial(self._on_message, lost)
        if ended:
            raise Disconnected("the server closed the connection at once")
        self._lost.clear()
        self.wire = wire
        try:
            async with asyncio.timeout(asking.REQUEST_S):
                await self._hello(wire)
        except BaseException as error:
            self.wire, self._ready = None, False
            wire.close()
            if isinstance(error, TimeoutError):
                raise Disconnected(f"the server did not answer within {asking.REQUEST_S:g} s") from error
            raise

    async def _hello(self, wire: Wire) -> None:
        hello = requests.Hello(name=self.name or None, key=self._key, ttl=self.ttl)
        answer = await self.ask_on(wire, hello)
        self.name, self._key = answer["name"], answer["key"]
        wire.most = answer.get("max")
        await self._take_up(wire, answer["resumed"])

    async def _take_up(self, wire: Wire, resumed: bool) -> None:
        """Bring the server's idea of this session up to date, then send again what waits for an answer."""
        if not resumed:
            await self._renew_all(wire)
        await self._subscriptions.take_up_all(wire)
        self._asking.send_again(wire)
        self._ready = True

    async def _renew_all(self, wire: Wire) -> None:
        """Offer and put anew what went with the last session."""
        offered = self._functions.offered
        for path, (_, doc) in list(offered.items()):
            await self._renew(wire, requests.Offer(path=path, doc=doc), partial(offered.pop, path, None))
        for place, value in list(self._ephemeral.items()):
            put = requests.Put(path=format_path(place), value=value, ephemeral=True)
            await self._renew(wire, put, partial(self._ephemeral.pop, place, None))

    async def _renew(
        self, wire: Wire, request: requests.Offer | requests.Put, drop: Callable[[], object]
    ) -> None:
        """Have again what the last session had; what is refused for good is lost, and the rest goes on."""
        try:
            await self.ask_on(wire, request)
        except StoreError as error:
            if error.transient:
                raise
            drop()
            op = request.__struct_config__.tag
            logger.warning("client.not_renewed op=%s path=%s %s", op, request.path, error)

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
            self._asking.expire(asyncio.get_running_loop().time())

    def _beat(self) -> None:
        now = asyncio.get_running_loop().time()
        wire = self.wire
        if wire is None:
            return
        patience = min(self.ttl, asking.REQUEST_S)
        if now - wire.last_received > patience:
            wire.abort()
        elif now - self._pinged >= patience / 3:
            self._pinged = now
            self.chore(self._ping(wire))

    async def _ping(self, wire: Wire) -> None:
        """Send a sign of life, and learn up to where we know everything."""
        try:
            await self.ask_on(wire, requests.Ping(), self._subscriptions.caught_up)
        except StoreError:
            return

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
                self._asking.expire(asyncio.get_running_loop().time())
        self._give_up(Disconnected("the connection was lost"))
        return False

    def _give_up(self, error: StoreError) -> None:
        self._failure = error
        self._asking.fail(error)
        self._subscriptions.fail(error)

    def _on_lost(self) -> None:
        self.wire, self._ready = None, False
        self._lost.set()
        self._asking.lost()
        self._functions.cancel_all()

    def chore(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something done meanwhile; it ends with the session at the latest."""
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    # -- asking --------------------------------------------------------------

    def ask_request(
        self,
        request: requests.Request | dict[str, Any],
        *,
        retry: bool = True,
        progress: Callable[[Json], None] | None = None,
        taken: Callable[[Any], None] | None = None,
    ) -> asyncio.Future[Any]:
        """Send a request; the future is its answer. With `retry` it is sent again after a reconnection.

        What follows the answer may be read before whoever waits for it
        goes on; `taken` is called with it in between.
        """
        return self.begin(request, retry=retry, progress=progress, taken=taken).answer

    def begin(
        self,
        request: requests.Request | dict[str, Any],
        *,
        retry: bool = True,
        progress: Callable[[Json], None] | None = None,
        taken: Callable[[Any], None] | None = None,
    ) -> Waiting:
        """Send a request, for who wants more of it than the answer, see `ask_request`."""
        if self._failure is not None:
            raise self._failure
        wire = self.wire if self._ready else None
        if wire is None and not retry:
            raise Disconnected("there is no connection to the server just now")
        message = request if isinstance(request, dict) else outgoing(request)
        return self._asking.ask(wire, message, retry=retry, progress=progress, taken=taken)

    async def ask_on(
        self, wire: Wire, request: requests.Request, taken: Callable[[Any], None] | None = None
    ) -> Any:
        """Ask on one connection, or fail with it."""
        return await self._asking.ask(wire, outgoing(request), retry=False, taken=taken).answer

    def send(self, request: requests.Request) -> None:
        """Send what wants no answer, where there is a connection."""
        if self.wire is not None:
            self.wire.send(outgoing(request))

    def abort(self, number: int) -> None:
        """Have the server cancel a request, whose answer is not waited for any more."""
        self._asking.forget(number)
        self.send(requests.Abort(request=number))

    # -- what comes ----------------------------------------------------------

    def _on_message(self, message: dict[str, Any]) -> None:
        number = message.get("id")
        if number is None:
            self._on_push(cast("Push", message))
        elif message.get("push") != "progress":
            self._asking.answered(number, message)
        elif not self._asking.advanced(number, message["value"]):
            self.abort(number)

    def _on_push(self, push: Push) -> None:
        match push["push"]:
            case "call":
                self._functions.serve(push)
            case "cancel":
                self._functions.cancel(push["call"])
            case "dropped":
                self._subscriptions.dropped(push["count"])
            case "commits" | "behind" | "missed" | "message":
                self._subscriptions.push(push)
            case _:
                logger.debug("client.unknown_push %s", push)


def _dialler(uri: str, token: str | None, tls: ssl.SSLContext | None) -> Connector:
    return lambda on_message, on_lost: dial(uri, token, tls, on_message, on_lost)
