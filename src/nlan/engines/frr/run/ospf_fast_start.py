"""Bringing OSPF adjacencies up at once instead of at the next hello and the end of a wait.

Routers on a segment learn of each other by hellos, seconds apart, and on a segment of more than two
they wait for the dead interval before they elect a designated router. Both is spared by what the
daemons do anyway: a changed hello interval sends a hello, and a router that starts with priority 0
does not wait, yet takes part in the election as soon as it has a priority. So a start goes: priority
0 in the file, two rounds of hellos over all routers, then one router after the other gets its
priority and says so. The first becomes the designated router, the second its backup, and that is
that: were they to elect all at once, the designated router would change while adjacencies are full,
and FRR 10.3 then keeps announcing the old one.

A router that says hello before it has read its neighbours' makes the start a second longer. ospfd carries out
"one-way", which such a hello means, after the database description that it read together with it, though
that came later: the adjacency begins anew on one side alone, until the other retransmits. And a router that
has not read who was elected elects itself. So one speaks after the other, when it has read what was sent.

An interface that a running daemon gets has begun to wait by the time its lines are typed, for FRR's 40 s: it
begins anew, as at a start.
"""

from __future__ import annotations

import json
import re
import select
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from nlan.engines.frr.config.tree import lines, paths
from nlan.engines.frr.run.files import Files
from nlan.engines.frr.run.vty import Vty
from nlan.errors import PeerError

INTERFACES_S = 0.5
"""How long a daemon may take to learn of all its interfaces before it is started without the rest."""
FIRST_S = 3.0
"""How long it may take to learn of the first, which a busy kernel tells zebra late."""
LOOK_MS = 2

WORDS = {"ospfd": "ip ospf", "ospf6d": "ipv6 ospf6"}
_HELLO = re.compile(r"(ip ospf|ipv6 ospf6) hello-interval (?P<s>\d+)$")


class Speaker(NamedTuple):
    """An interface that sends hellos, as the configuration has it.

    Attributes:
        name: The interface.
        words: What its commands begin with.
        hello_s: Seconds between hellos.
        elects: Whether it takes part in elections, with no priority of its own.
        alone: Whether its segment has one neighbour and no designated router.
    """

    name: str
    words: str
    hello_s: int
    elects: bool
    alone: bool

    def hello(self) -> list[str]:
        """Return the commands that send a hello and change nothing."""
        interval = f"{self.words} hello-interval"
        return [
            f"interface {self.name}",
            f"{interval} {self.hello_s + 1}",
            f"{interval} {self.hello_s}",
            "exit",
        ]

    def begin(self) -> list[str]:
        """Return the commands that let it begin anew, without an election."""
        first = [f"interface {self.name}", f"{self.words} priority 0", "exit"] if self.elects else []
        return [*first, f"do clear {self.words} interface {self.name}"]

    def priority(self) -> list[str]:
        """Return the commands that let it be elected."""
        return [f"interface {self.name}", f"no {self.words} priority", "exit"]


def speakers(daemon: str, config: Sequence[str]) -> Iterator[Speaker]:
    """Yield the interfaces of an OSPF daemon's configuration that have a hello interval of their own."""
    words = WORDS.get(daemon)
    those = paths(config)
    for path in those if words else ():
        match = _HELLO.match(path[-1])
        if match is None or len(path) != 2:
            continue
        written = [other[1] for other in those if len(other) == 2 and other[0] == path[0]]
        plain = not any(line.startswith((f"{words} priority", f"{words} network")) for line in written)
        alone = f"{words} network point-to-point" in written
        yield Speaker(path[0].removeprefix("interface "), str(words), int(match["s"]), plain, alone)


def start_lines(daemon: str, config: Sequence[str]) -> tuple[str, ...]:
    """Return the lines to start an OSPF daemon with: those that elect begin with priority 0."""
    extra = [
        (f"interface {speaker.name}", f"{speaker.words} priority 0")
        for speaker in speakers(daemon, config)
        if speaker.elects
    ]
    return lines([*extra, *paths(config)]) if extra else tuple(config)


def new_interfaces(daemon: str, desired: Sequence[str], observed: Sequence[str]) -> tuple[str, ...]:
    """Return the lines of interfaces that an OSPF daemon sends hellos on, and did not before."""
    known = {speaker.name for speaker in speakers(daemon, observed)}
    names = {f"interface {s.name}" for s in speakers(daemon, desired) if s.name not in known}
    return lines(path for path in paths(desired) if path[0] in names)


def open_adjacencies(
    fresh: Sequence[tuple[Files, Sequence[str]]],
    others: Iterable[tuple[Files, Sequence[str]]],
    joining: Sequence[tuple[Files, Sequence[str]]] = (),
    *,
    connect: Callable[[Path], Vty] = Vty,
) -> None:
    """Make OSPF daemons find each other on interfaces that are new to them.

    Args:
        fresh: Files and configuration of daemons that were started with `start_lines`.
        others: The same of daemons that run for longer; they only say hello.
        joining: The same of running daemons, with the lines of `new_interfaces`.
        connect: Connects to a daemon's socket.

    A daemon that does not answer is left alone: the engine sees at its next look what it lacks.
    """
    talks, begin = _opened(fresh, connect), _opened(joining, connect)
    talks += begin
    if not talks:
        return
    older = _opened(others, connect)
    try:
        for talk in begin:
            _say(talk.vty, [line for speaker in talk.speakers for line in speaker.begin()])
        _await_interfaces(talks)
        for _ in range(2):
            _hello([*older, *talks])
        _elect(_shared(older), _shared(talks))
    finally:
        for talk in (*older, *talks):
            talk.vty.close()


class Talk(NamedTuple):
    """A daemon in configuration mode, and its interfaces."""

    vty: Vty
    speakers: tuple[Speaker, ...]


def _opened(daemons: Iterable[tuple[Files, Sequence[str]]], connect: Callable[[Path], Vty]) -> list[Talk]:
    talks = []
    for files, config in daemons:
        those = tuple(speakers(files.daemon, config))
        if those:
            with suppress(OSError, PeerError):
                vty = connect(files.vty)
                talks.append(Talk(vty, those))
                vty.together(["enable", "configure terminal"])
    return talks


def _shared(talks: Iterable[Talk]) -> list[Talk]:
    """Return them with the interfaces alone whose segments elect a designated router."""
    those = (talk._replace(speakers=tuple(s for s in talk.speakers if not s.alone)) for talk in talks)
    return [talk for talk in those if talk.speakers]


def _elect(older: Sequence[Talk], talks: Sequence[Talk]) -> None:
    """Let one after the other be elected, and everybody hear of it."""
    for talk in talks:
        _hello([talk])
        _say(talk.vty, [line for s in talk.speakers if s.elects for line in s.priority()])
        _hello([talk])
    if talks:
        _hello([*older, *talks])


def _hello(talks: Iterable[Talk]) -> None:
    for talk in talks:
        _say(talk.vty, [""])  # a daemon that answers reads what came before, in the same round of its events
        _say(talk.vty, [line for speaker in talk.speakers for line in speaker.hello()])
        for _ in range(2):  # it sends in the next round, and may answer first in that
            _say(talk.vty, [""])


def _say(vty: Vty, commands: Sequence[str]) -> None:
    with suppress(PeerError):
        if commands:
            vty.together(commands)


def _await_interfaces(talks: Sequence[Talk], clock: Callable[[], float] = time.monotonic) -> None:
    """Wait until the daemons know their interfaces from zebra, which follows their configuration.

    An interface that has no address yet or is down takes part later, by the usual timers.
    """
    begun = clock()
    waiting = list(talks)
    while waiting and (passed := clock() - begun) < FIRST_S:
        enough: Callable[[Iterable[bool]], bool] = all if passed < INTERFACES_S else any
        waiting = [talk for talk in waiting if not enough(_know_interfaces(talk))]
        if waiting:
            select.poll().poll(LOOK_MS)


def _know_interfaces(talk: Talk) -> list[bool]:
    """Tell of each interface whether the daemon knows it; of a daemon that does not answer, that it does."""
    show = f"do show {talk.speakers[0].words} interface json"
    try:
        answer = talk.vty.ask(show)
    except PeerError:
        return [True]
    found = json.loads(answer.text or "{}")
    known = found.get("interfaces", found)
    return [_speaks(known.get(speaker.name, {})) for speaker in talk.speakers]


def waiting(answer: dict[str, Any]) -> Iterator[str]:
    """Yield, of ``show … interface json``, the interfaces on which a daemon waits before an election."""
    for name, interface in answer.get("interfaces", answer).items():
        if isinstance(interface, dict) and "Waiting" in (
            interface.get("state"),
            interface.get("ospf6InterfaceState"),
        ):
            yield name


def _speaks(interface: dict[str, Any]) -> bool:
    """Tell whether an interface has left the state Down, by either daemon's words."""
    state = interface.get("state") or interface.get("ospf6InterfaceState") or "Down"
    return str(state) not in ("Down", "0")
