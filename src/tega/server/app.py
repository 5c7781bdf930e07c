"""The server: one listening socket for REST and sessions over one store.

HTTP is uvicorn's protocol and Starlette; a connection that asks for a
WebSocket is handed to `SessionProtocol`. The server owns neither the event
loop nor the store, so it runs inside a test as well as in `tega-server`.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from tega.hub.hub import Hub
from tega.hub.operations import standard_operations
from tega.server.auth import Auth
from tega.server.http import HttpProtocol, Pending
from tega.server.rest import Rest
from tega.server.tidy import Tidy
from tega.server.ws import SessionProtocol

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Mapping, Sequence
    from importlib.metadata import EntryPoint
    from pathlib import Path

    from tega.hub.operations import Operations
    from tega.hub.store import HubStore

PORT: Final = 8739
MAX_BODY: Final = 8 << 20
"""Bytes of a request's body or of a session's message."""
BACKLOG: Final = 1024
GRACE_S: Final = 2.0
"""How long a server that stops waits for requests to end, and then for their answers to be taken."""


class Server:
    """Listens, and serves until `stop`.

    Args:
        store: What is served; the caller closes it after `stop`.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one, see `port` after `start`.
        auth: Who is let in; everybody without one.
        tls: Context with the server's certificate.
        max_body: Bytes of a body or message; more is refused.
        operations: What is done on which request; `standard_operations` without.
    """

    def __init__(
        self,
        store: HubStore,
        *,
        host: str = "127.0.0.1",
        port: int = PORT,
        auth: Auth | None = None,
        tls: ssl.SSLContext | None = None,
        max_body: int = MAX_BODY,
        operations: Operations | None = None,
    ) -> None:
        self.hub = Hub(store, time.monotonic, standard_operations() if operations is None else operations)
        self.host = host
        self.port = port
        self._tls = tls
        self._auth = auth or Auth(None)
        self._max_body = max_body
        self._state = ServerState()
        self._sessions: set[SessionProtocol] = set()
        self._pending: set[Pending] = set()
        self._tidy = Tidy()
        self._listener: asyncio.Server | None = None

    def use_plugins(
        self,
        enable: Sequence[str],
        folders: Sequence[Path] = (),
        options: Mapping[str, str] | None = None,
        installed: Iterable[EntryPoint] | None = None,
    ) -> None:
        """Have plugins started with the server, see `PluginHost`; call it before `start`."""
        if enable or folders:
            from tega.plugins.host import PluginHost

            self.hub.plugins = PluginHost(self.hub, enable, folders, options or {}, installed)

    @property
    def url(self) -> str:
        """Where clients connect."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    async def start(self) -> None:
        """Follow the store and listen.

        Raises:
            OSError: The address cannot be listened on.
            PluginError: A plugin that was asked for cannot be loaded.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        await self.hub.start()
        if self.hub.plugins is not None:
            await self.hub.plugins.start()
        config = self._config()
        self._listener = await asyncio.get_running_loop().create_server(
            lambda: Pending(lambda: HttpProtocol(config, self._state, {}), self._pending, self._tidy),
            self.host,
            self.port,
            ssl=self._tls,
            backlog=BACKLOG,
        )
        self.port = self._listener.sockets[0].getsockname()[1]

    def _config(self) -> Config:
        app = Rest(self.hub, self._auth, self._max_body).app()
        config = Config(
            cast(Any, app),
            ws=cast(Any, self._session_protocol),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
        )
        config.load()
        return config

    def _session_protocol(self, **uvicorn: object) -> SessionProtocol:
        return SessionProtocol(self.hub, self._auth, self._max_body, self._sessions, self._tidy)

    async def stop(self) -> None:
        """Take no more connections, end the sessions, let what was asked finish, close."""
        if self._listener is not None:
            self._listener.close()
        if self.hub.plugins is not None:
            await self.hub.plugins.stop()
        await self.hub.stop()
        for connection in list(self._sessions):
            connection.close("the server stops")
        self._tidy.stop()
        for silent in list(self._pending):
            silent.close()
        for http in list(self._state.connections):
            http.shutdown()
        if self._state.tasks:
            await asyncio.wait(self._state.tasks, timeout=GRACE_S)
        if self._listener is not None:
            await self._wait_closed(self._listener)

    async def _wait_closed(self, listener: asyncio.Server) -> None:
        """Let the last answers go out; who does not take them, or never ends its request, is cut off."""
        try:
            await asyncio.wait_for(listener.wait_closed(), GRACE_S)
        except TimeoutError:
            for http in list(self._state.connections):
                http.transport.abort()
            for connection in list(self._sessions):
                connection.abort()
            await listener.wait_closed()
