"""What operations have in common: their shape, and what several of them do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from tega.hub.reading import Answer
from tega.paths import parse_path
from tega.protocol.answers import receipt_to_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tega.api import Commit, Json, Path, Rev
    from tega.database.outcome import Outcome
    from tega.hub.access import Access
    from tega.hub.hub import Hub
    from tega.hub.session import Session
    from tega.protocol import requests


Operation: TypeAlias = "Callable[[Hub, Session, Any], Any]"
"""Takes the hub, who asks and the request; returns the answer, what to await for it, or `Later`."""
Operations: TypeAlias = "Mapping[type[requests.Request], Operation]"
"""Which function serves which request."""


class Later(NamedTuple):
    """An answer that is still to come, without a task to wait for it."""

    outcome: Outcome
    shape: Callable[[Commit], Json]
    """Makes the answer from the outcome."""


async def write_answer(hub: Hub, into: Answer, steps: Iterator[None], *, inline: bool = True) -> Json:
    """Take the steps that write an answer, and return it."""
    await hub.store.lane.run(steps, inline=inline)
    return into.whole()


def receipt(access: Access, commit: Commit) -> dict[str, Any]:
    """What a commit is known by. Its hash is one of all that it changed."""
    everything = access.everywhere("read")
    roots = {
        root: version
        for root, version in commit.roots.items()
        if everything or access.allows("read", (root,))
    }
    return receipt_to_wire(commit, roots, hashes=everything)


def writable(who: Session, text: str, expect: Rev | None = None) -> Path:
    """A path that may be written; whether what is expected there holds, shows what is there."""
    path = parse_path(text)
    who.access.require("write", path)
    if expect is not None:
        who.access.require("read", path)
    return path


async def revision_of(hub: Hub, root: str, version: Rev) -> Rev:
    """Return the revision at which a root reached a version of its own; a negative one counts back."""
    return await asyncio.to_thread(hub.store.database.version_rev, root, version)


def seen(hub: Hub, who: Session) -> list[Session]:
    """The sessions that a token may know of: its own, and all if it reads all."""
    return [one for name, one in sorted(hub.sessions.items()) if one is who or who.access.sees(name)]
