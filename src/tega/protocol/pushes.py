"""What the server sends of itself: keys and types, for who writes it and who reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict, Union

from tega.api import Json, Rev


class Commits(TypedDict):
    """What commits did to that which is subscribed to; nothing else of interest happened up to `rev`."""

    push: Literal["commits"]
    sub: int
    rev: Rev
    commits: Sequence[Any]


class Behind(TypedDict):
    """The subscriber does not keep up; it goes on from the history."""

    push: Literal["behind"]
    sub: int
    after: Rev
    head: Rev


class Missed(TypedDict):
    """The history after a revision is gone; it goes on behind `oldest`."""

    push: Literal["missed"]
    sub: int
    after: Rev
    oldest: Rev
    head: Rev


class Message(TypedDict):
    """A message of a channel."""

    push: Literal["message"]
    sub: int
    channel: str
    sender: str
    body: Json


class Dropped(TypedDict):
    """Messages that the session was too slow for."""

    push: Literal["dropped"]
    count: int


class Call(TypedDict):
    """Somebody calls a function of the session."""

    push: Literal["call"]
    call: int
    path: str
    args: Sequence[Json]
    kwargs: Mapping[str, Json]
    caller: str
    call_id: str | None


class Cancel(TypedDict):
    """Nobody waits for a call any more."""

    push: Literal["cancel"]
    call: int


class Progress(TypedDict):
    """What a called function hands out before it returns; `id` is the request's."""

    push: Literal["progress"]
    id: int
    value: Json


StreamPush: TypeAlias = Union[Commits, Behind, Missed, Message]  # noqa: UP007
"""What one subscription gets, named by its `sub`."""
Push: TypeAlias = Union[StreamPush, Dropped, Call, Cancel, Progress]  # noqa: UP007
