"""What a client gets without having asked each time: commits, messages, what it missed."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

from msgspec import structs

from tega.protocol.answers import change_of
from tega.protocol.errors import Disconnected

if TYPE_CHECKING:
    from typing import Self

    from tega.api import Change, Json, Rev
    from tega.client.subscriptions import Subscriptions
    from tega.protocol import requests
    from tega.protocol.pushes import StreamPush

T = TypeVar("T")
QUEUE: Final = 4096


class Notice(NamedTuple):
    """What one commit did to that which is subscribed to."""

    rev: Rev
    time: float
    author: str
    message: str
    changes: tuple[Change, ...]


class Missed(NamedTuple):
    """The history after `after` is gone: read anew at `oldest` or later; notices go on behind it.

    It was compacted; or the server has another database than before, one
    that has not come that far, and `oldest` is its newest revision.
    """

    after: Rev
    oldest: Rev
    head: Rev


class News(NamedTuple):
    """A message of a channel."""

    channel: str
    sender: str
    body: Json


class Stream(Generic[T]):
    """What a subscription yields; an async iterator and a context manager.

    A client that does not take its items keeps at most some thousand of
    them: commits are then fetched again from the server, messages dropped.
    """

    def __init__(self, subscriptions: Subscriptions, request: requests.Request) -> None:
        self._subscriptions = subscriptions
        self._request = request
        self._items: deque[T] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._failure: BaseException | None = None
        self.number = 0
        self.closed = False
        self.cut = False
        self.dropped = 0
        """Messages of a channel that were lost because this client, or the way to it, was too slow."""

    async def open(self) -> None:
        await self._subscriptions.open(self)

    async def close(self) -> None:
        """End the subscription; the iteration ends after what has already come."""
        if not self.closed:
            self.closed = True
            self._wake_up()
            self._subscriptions.close(self)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    def __aiter__(self) -> Stream[T]:
        return self

    async def __anext__(self) -> T:
        while not self._items:
            if self._failure is not None:
                raise self._failure
            if self.closed:
                raise StopAsyncIteration
            await self._wait()
        item = self._items.popleft()
        if not self._items:
            self._emptied()
        return item

    async def _wait(self) -> None:
        self._wake = asyncio.get_running_loop().create_future()
        try:
            await self._wake
        finally:
            self._wake = None

    def _wake_up(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _put(self, item: T) -> None:
        self._items.append(item)
        self._wake_up()

    def _emptied(self) -> None:
        """The consumer has caught up."""

    def fail(self, error: BaseException) -> None:
        self._failure = error
        self._wake_up()

    def resumption(self) -> requests.Request:
        """The request that takes the subscription up where it is."""
        return self._request

    def set_back(self, head: Rev) -> None:
        """The server's history ends before where the subscription is."""

    def opened(self, answer: dict[str, Any]) -> None:
        self.number = answer["sub"]

    def push(self, push: StreamPush) -> None:
        raise NotImplementedError


class Commits(Stream["Notice | Missed"]):
    """A subscription to the tree; `rev` is the last revision that it knows of."""

    def __init__(self, subscriptions: Subscriptions, request: requests.Subscribe) -> None:
        super().__init__(subscriptions, request)
        self.rev: Rev = request.after or 0
        self._known = request.after is not None
        self.behind = False
        """Whether the server reported that this client does not keep up."""

    def resumption(self) -> requests.Request:
        return structs.replace(self._request, after=self.rev) if self._known else self._request

    def set_back(self, head: Rev) -> None:
        self._put(Missed(self.rev, head, head))
        self.rev = head

    def opened(self, answer: dict[str, Any]) -> None:
        super().opened(answer)
        if not self._known:
            self.rev, self._known = answer["rev"], True

    def push(self, push: StreamPush) -> None:
        match push["push"]:
            case "commits":
                for commit in push["commits"]:
                    self._commit(commit)
            case "missed":
                self.rev = max(self.rev, push["oldest"])
                self._put(Missed(push["after"], push["oldest"], push["head"]))
            case "behind":
                self.behind = True
            case _:
                pass

    def _commit(self, commit: dict[str, Any]) -> None:
        if self.cut or commit["rev"] <= self.rev:
            return
        self.rev = commit["rev"]
        self._put(_notice(commit))
        if len(self._items) >= QUEUE:
            self.cut = True
            self._subscriptions.pause(self)

    def _emptied(self) -> None:
        if self.cut and not self.closed:
            self.cut = False
            self._subscriptions.resume(self)


class Messages(Stream[News]):
    """A subscription to a channel."""

    def push(self, push: StreamPush) -> None:
        if push["push"] != "message":
            return
        if len(self._items) >= QUEUE:
            self.dropped += 1
        else:
            self._put(News(push["channel"], push["sender"], push["body"]))


def _notice(commit: dict[str, Any]) -> Notice:
    changes = tuple(change_of(change) for change in commit["changes"])
    return Notice(commit["rev"], commit["time"], commit["author"], commit["message"], changes)


def gone() -> Disconnected:
    return Disconnected("the client was closed")
