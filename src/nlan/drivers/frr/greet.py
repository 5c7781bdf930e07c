"""Bringing OSPF adjacencies up at once instead of at the next hello and the end of a wait.

Routers on a segment learn of each other by hellos, seconds apart, and on a segment of more than two
they wait for the dead interval before they elect a designated router. Both is spared by what the
daemons do anyway: a changed hello interval sends a hello, and a router that starts with priority 0
does not wait, yet takes part in the election as soon as it has a priority. So a start goes: priority
0 in the file, two rounds of hellos over all routers, priorities, two more rounds. Whoever is late
is greeted by the usual timers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from nlan.drivers.frr.files import Files
from nlan.drivers.frr.vty import Vty
from nlan.errors import PeerError
from nlan.resources.frrconfig import lines, paths

WORDS = {"ospfd": "ip ospf", "ospf6d": "ipv6 ospf6"}
_HELLO = re.compile(r"(ip ospf|ipv6 ospf6) hello-interval (?P<s>\d+)$")


class Speaker(NamedTuple):
    """An interface that sends hellos, as the configuration has it.

    Attributes:
        name: The interface.
        words: What its commands begin with.
        hello_s: Seconds between hellos.
        elects: Whether it takes part in elections, with no priority of its own.
    """

    name: str
    words: str
    hello_s: int
    elects: bool

    def hello(self) -> list[str]:
        """Return the commands that send a hello and change nothing."""
        interval = f"{self.words} hello-interval"
        return [
            f"interface {self.name}",
            f"{interval} {self.hello_s + 1}",
            f"{interval} {self.hello_s}",
            "exit",
        ]

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
        said = [other[1] for other in those if len(other) == 2 and other[0] == path[0]]
        plain = not any(line.startswith((f"{words} priority", f"{words} network")) for line in said)
        yield Speaker(path[0].removeprefix("interface "), str(words), int(match["s"]), plain)


def start_lines(daemon: str, config: Sequence[str]) -> tuple[str, ...]:
    """Return the lines to start an OSPF daemon with: those that elect begin with priority 0."""
    extra = [
        (f"interface {speaker.name}", f"{speaker.words} priority 0")
        for speaker in speakers(daemon, config)
        if speaker.elects
    ]
    return lines([*extra, *paths(config)]) if extra else tuple(config)


def greet(daemons: Iterable[tuple[Files, Sequence[str]]]) -> None:
    """Make freshly started OSPF daemons find each other.

    A daemon that does not answer is left alone: the engine sees at its next look what it lacks.
    """
    talks = [(files, those) for files, config in daemons if (those := list(speakers(files.daemon, config)))]
    opened = [(vty, those) for files, those in talks if (vty := _opened(files)) is not None]
    try:
        for round_ in (Speaker.hello, Speaker.hello, Speaker.priority, Speaker.hello, Speaker.hello):
            for vty, those in opened:
                _say(vty, [line for speaker in those for line in _part(speaker, round_ is Speaker.priority)])
    finally:
        for vty, _ in opened:
            vty.close()


def _part(speaker: Speaker, priorities: bool) -> list[str]:
    if not priorities:
        return speaker.hello()
    return speaker.priority() if speaker.elects else []


def _opened(files: Files) -> Vty | None:
    try:
        vty = Vty(files.vty)
    except OSError:
        return None
    _say(vty, ["enable", "configure terminal"])
    return vty


def _say(vty: Vty, commands: Sequence[str]) -> None:
    try:
        if commands:
            vty.together(commands)
    except PeerError:
        return
