"""Messages by channel: at most once, in order per sender, never stored.

What must not be lost belongs in the tree. A listener that is too slow loses
messages and gets their number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tega.hub.access import channel_path
from tega.protocol.errors import BadRequest
from tega.tree.pattern import Expression, star_expression

if TYPE_CHECKING:
    from tega.api import Json
    from tega.hub.session import Session

MAX_NAME = 256


@dataclass(frozen=True, slots=True)
class Listening:
    """What channels a session listens to, by name or by pattern; it gets those that its token may read."""

    sub: int
    session: Session
    channel: str
    pattern: Expression | None


class Channels:
    """Who listens to what."""

    def __init__(self) -> None:
        self._named: dict[str, dict[int, Listening]] = {}
        self._patterns: dict[int, Listening] = {}

    def listen(self, session: Session, sub: int, channel: str, *, regex: bool) -> Listening:
        """Have a session receive a channel's messages.

        Raises:
            Denied: Its token may not read that channel.
        """
        check_channel(channel)
        listening = Listening(sub, session, channel, _pattern(channel, regex))
        if listening.pattern is None:
            session.access.require("read", channel_path(channel))
            self._named.setdefault(channel, {})[sub] = listening
        else:
            self._patterns[sub] = listening
        return listening

    def unlisten(self, listening: Listening) -> None:
        self._patterns.pop(listening.sub, None)
        named = self._named.get(listening.channel, {})
        named.pop(listening.sub, None)
        if not named:
            self._named.pop(listening.channel, None)

    def publish(self, sender: str, channel: str, body: Json) -> int:
        """Hand the message to every listener and return how many took it."""
        check_channel(channel)
        return sum(
            listening.session.push(
                {"push": "message", "sub": listening.sub, "channel": channel, "sender": sender, "body": body}
            )
            for listening in self._listeners(channel)
        )

    def _listeners(self, channel: str) -> list[Listening]:
        found = list(self._named.get(channel, {}).values())
        found += [
            one
            for one in self._patterns.values()
            if one.session.access.may_read_channel(channel)
            and one.pattern is not None
            and one.pattern.fullmatch(channel) is not None
        ]
        return found

    def names(self, sessions: set[str]) -> dict[str, list[str]]:
        """Return every channel or pattern that one of these sessions listens to, with those that do."""
        table: dict[str, list[str]] = {}
        for listening in [
            *(one for named in self._named.values() for one in named.values()),
            *self._patterns.values(),
        ]:
            if listening.session.name in sessions:
                table.setdefault(listening.channel, []).append(listening.session.name)
        return {channel: sorted(names) for channel, names in sorted(table.items())}


def check_channel(channel: str) -> None:
    """Refuse a name that is empty, too long, or has control characters in it."""
    if not channel or len(channel) > MAX_NAME or not channel.isprintable():
        raise BadRequest(f"a channel's name has 1 to {MAX_NAME} printable characters, got {len(channel)}")


def _pattern(channel: str, regex: bool) -> Expression | None:
    if regex:
        return Expression(channel)
    if "*" in channel:
        return star_expression(channel)
    return None
