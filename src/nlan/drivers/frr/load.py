"""Changing a running daemon's configuration, line by line, over its socket."""

from __future__ import annotations

import re
import select
import time
from collections.abc import Container, Iterator, Sequence

from nlan.drivers.frr.files import Files, own_lines
from nlan.drivers.frr.vty import Answer, Vty
from nlan.errors import ApplyError
from nlan.resources.frrconfig import (
    NO_FAMILY,
    Change,
    Command,
    Path,
    canonical,
    commands,
    is_header,
    negated,
    paths,
    stays_empty,
)

LATER_S = 5.0
"""How long a daemon may refuse what it will take soon."""
LATER_RETRY_MS = 5
_LATER = re.compile(r"could not lock|locked by|Can not configure the local system as neighbor")
"""mgmtd's configuration is locked; bgpd has not heard from zebra yet that an address is gone."""
_CLEAR = re.compile(r'"(clear [a-z0-9 ]+?)( command)?"')
"""A daemon's hint at what makes a change take effect."""


def show(files: Files) -> tuple[str, ...]:
    """Return what the daemon has for a configuration now.

    Raises:
        OSError: It does not run.
        PeerError: It does not answer.
    """
    with Vty(files.config_vty) as vty:
        running = canonical(vty.together(["enable", "show running-config"])[1].text)
    return own_lines(files.daemon, running, has_manager=files.has_manager)


class Loader:
    """Types configuration commands and keeps track of the section it is in."""

    def __init__(self, vty: Vty, namespace: str) -> None:
        """Enter configuration mode."""
        self._vty, self._namespace = vty, namespace
        self._section: Path = ()
        self._hints: dict[str, None] = {}
        for command in ("enable", "configure terminal"):
            self._type(command)

    def run(self, change: Sequence[Command]) -> None:
        """Carry out commands in order.

        Raises:
            ApplyError: The daemon refused one; those before it are in force.
            PeerError: The daemon went away.
        """
        for command in change:
            self._enter(command.section)
            if command.line.startswith("no "):
                self._remove(command.line)
            else:
                self._type(command.line)
                if is_header(command.line):
                    self._section = (*command.section, command.line)
        self.end()

    def end(self) -> None:
        """Leave configuration mode and do what the daemon said was needed."""
        self._type("end")
        for hint in self._hints:
            self._type(hint)

    def _enter(self, section: Path) -> None:
        common = 0
        while common < min(len(section), len(self._section)) and section[common] == self._section[common]:
            common += 1
        for _ in self._section[common:]:
            self._type("exit")
        for header in section[common:]:
            self._type(header)
        self._section = section

    def _ask(self, line: str) -> Answer:
        """Type a line, again while it is refused for what passes."""
        deadline = time.monotonic() + LATER_S
        while True:
            answer = self._vty.ask(line)
            if not (answer.failed and _LATER.search(answer.text)) or time.monotonic() > deadline:
                return answer
            select.poll().poll(LATER_RETRY_MS)

    def _type(self, line: str) -> None:
        answer = self._ask(line)
        if answer.failed:
            raise self._refused(line, answer)
        self._heed(answer)

    def _remove(self, line: str) -> None:
        """Take a line back; FRR wants some with all their words, some with fewer."""
        refused = None
        for shorter in shortened(line):
            answer = self._ask(shorter)
            if not answer.failed:
                self._heed(answer)
                return
            refused = refused or answer
        assert refused is not None
        raise self._refused(line, refused)

    def _heed(self, answer: Answer) -> None:
        if hint := _CLEAR.search(answer.text):
            self._hints[hint[1]] = None

    def _refused(self, line: str, answer: Answer) -> ApplyError:
        daemon = self._vty.path.stem
        return ApplyError(self._namespace, f"configure {daemon}: {line}", answer.words)


def shortened(line: str) -> Iterator[str]:
    """Yield ``no …`` with all its words, then with fewer, two at least."""
    words = line.split()
    yield line
    for length in range(len(words) - 1, 1, -1):
        yield " ".join(words[:length])


def change_config(files: Files, namespace: str, change: Change, desired: Sequence[str]) -> tuple[str, ...]:
    """Carry out a change and return what the daemon shows then.

    A command can take lines along that shall stay (another AS removes what is for internal peers
    only), and bring some that nobody asked for; those are typed again, and taken back.

    Raises:
        ApplyError: The daemon refused a line, or does not keep one.
        OSError: The daemon does not run.
        PeerError: The daemon went away.
    """
    before = paths(show(files))
    with Vty(files.config_vty) as vty:
        Loader(vty, namespace).run(commands(change))
        wanted, after = paths(desired), paths(show(files))
        lost = [
            path for path in wanted if path in before and path not in after and not _is_implied(path, wanted)
        ]
        brought = [path for path in after if path not in before and path not in wanted]
        again = [Command(path[:-1], negated(path[-1])) for path in brought if _is_left_over(path, change)]
        if again or lost:
            Loader(vty, namespace).run([*again, *(Command(path[:-1], path[-1]) for path in lost)])
    shown = show(files)
    if missing := [path for path in lost if path not in paths(shown)]:
        line = " / ".join(missing[0])
        raise ApplyError(namespace, f"configure {files.daemon}: {line}", "the daemon does not keep the line")
    return shown


def _is_implied(path: Path, wanted: Container[Path]) -> bool:
    """Tell whether the daemon may not show the line though it holds.

    A section may have nothing to show, and another line may say for all peers what this one says of one.
    """
    no_family = _is_activation(path) and path[-1].startswith("no ") and (path[0], NO_FAMILY) in wanted
    return no_family or stays_empty(path)


def _is_left_over(path: Path, change: Change) -> bool:
    """Tell whether a line is there only because another one went or came.

    That is what stands for a default that was taken back with the line that said it, and the state of
    a peer that outlives what was the default.
    """
    positive = (*path[:-1], path[-1].removeprefix("no "))
    return _is_activation(path) or (positive != path and positive in change.removed)


def _is_activation(path: Path) -> bool:
    return path[-1].endswith(" activate")
