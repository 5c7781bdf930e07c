"""Changing a running daemon's configuration, line by line, over its socket."""

from __future__ import annotations

import re
import select
import time
from collections.abc import Iterator, Sequence

from nlan.drivers.frr.files import Files, own_lines
from nlan.drivers.frr.vty import Answer, Vty
from nlan.errors import ApplyError
from nlan.resources.frrconfig import Change, Command, Path, canonical, commands, is_header, paths

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
    """Yield ``no …`` with all its words, then with fewer, three at least."""
    words = line.split()
    yield line
    for length in range(len(words) - 1, 2, -1):
        yield " ".join(words[:length])


def change_config(files: Files, namespace: str, change: Change, desired: Sequence[str]) -> tuple[str, ...]:
    """Carry out a change and return what the daemon shows then.

    A command can take lines along that shall stay (another AS removes what is for internal peers
    only); those are typed again.

    Raises:
        ApplyError: The daemon refused a line, or does not keep one.
        OSError: The daemon does not run.
        PeerError: The daemon went away.
    """
    before = paths(show(files))
    with Vty(files.config_vty) as vty:
        Loader(vty, namespace).run(commands(change))
        stay = [path for path in paths(desired) if path in before]
        after = paths(show(files))
        if lost := [path for path in stay if path not in after]:
            Loader(vty, namespace).run([Command(path[:-1], path[-1]) for path in lost])
    shown = show(files)
    if missing := [path for path in lost if path not in paths(shown)]:
        line = " / ".join(missing[0])
        raise ApplyError(namespace, f"configure {files.daemon}: {line}", "the daemon does not keep the line")
    return shown
