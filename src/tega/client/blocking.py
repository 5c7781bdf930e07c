"""The driver for code without an event loop: the same methods, each waits for its outcome.

::

    with connect("127.0.0.1:8739") as db:
        db.put("a.b", 1)
        with db.transaction() as txn:
            txn.put("a.c", txn.get("a.b").value + 1)
        with db.subscribe("a") as notices:
            for notice in notices: ...

Nothing is written twice: a `Face` stands before any object of the driver,
runs what is asynchronous on an event loop in a thread of its own, and puts
faces before what comes back.
"""

from __future__ import annotations

import asyncio
import inspect
from threading import Thread
from typing import TYPE_CHECKING, Any

from tega.client.client import Client
from tega.client.events import Stream, gone
from tega.client.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable


class Face:
    """Stands before an object and waits for whatever it does asynchronously."""

    def __init__(self, inner: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._inner = inner
        self._loop = loop

    def _wait(self, work: Any) -> Any:
        async def run() -> Any:
            return await work

        if self._loop.is_closed():
            work.close()
            raise gone()
        future = asyncio.run_coroutine_threadsafe(run(), self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _shown(self, value: Any) -> Any:
        """A value as it is; what has to be waited for behind a face."""
        asynchronous = inspect.isasyncgen(value) or hasattr(value, "__aenter__")
        if asynchronous or isinstance(value, Stream | Transaction):
            return Face(value, self._loop)
        return value

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        return self._method(value) if callable(value) else value

    def _method(self, method: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            result = method(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result

        def waiting(*args: Any, **kwargs: Any) -> Any:
            return self._shown(self._wait(call(*args, **kwargs)))

        return waiting

    def __enter__(self) -> Any:
        return self._shown(self._wait(self._inner.__aenter__()))

    def __exit__(self, *error: Any) -> Any:
        return self._wait(self._inner.__aexit__(*error))

    def __iter__(self) -> Face:
        return self

    def __next__(self) -> Any:
        try:
            return self._wait(self._inner.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None


class BlockingClient(Face):
    """A `Client` with an event loop of its own in a thread; a context manager."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._thread_loop = asyncio.new_event_loop()
        super().__init__(None, self._thread_loop)
        self._thread = Thread(target=self._thread_loop.run_forever, name="tega-client", daemon=True)
        self._thread.start()
        try:
            self._inner = self._wait(_opened(args, kwargs))
        except BaseException:
            self._stop()
            raise

    def offer(self, path: Any, function: Callable[..., Any], *, doc: str | None = None) -> None:
        """Attach a function; a plain one runs in a thread, so it may block and use this client."""
        summary = doc if doc is not None else (inspect.getdoc(function) or "").partition("\n")[0]
        self._wait(self._inner.offer(path, _in_thread(function), doc=summary))

    def close(self) -> None:
        """End the session and the thread."""
        if self._thread_loop.is_closed():
            return
        try:
            self._wait(self._inner.close())
        finally:
            self._stop()

    def _stop(self) -> None:
        self._thread_loop.call_soon_threadsafe(self._thread_loop.stop)
        self._thread.join()
        self._thread_loop.run_until_complete(self._thread_loop.shutdown_default_executor())
        self._thread_loop.close()

    def __enter__(self) -> BlockingClient:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()


connect = BlockingClient


async def _opened(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Client:
    return await Client(*args, **kwargs).open()


def _in_thread(function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return function

    async def threaded(*args: Any, **kwargs: Any) -> Any:
        return await asyncio.to_thread(function, *args, **kwargs)

    return threaded
