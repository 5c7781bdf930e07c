"""Changing a running daemon's configuration, line by line, over its socket."""

from __future__ import annotations

import re
import select
import time
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address
from typing import NamedTuple

from nlan.engines.frr.config import words as frrwords
from nlan.engines.frr.config.tree import (
    NO_FAMILY,
    Change,
    Command,
    Path,
    canonical,
    commands,
    compare,
    negated,
    paths,
    stays_empty,
)
from nlan.engines.frr.run.files import Files, own_lines
from nlan.engines.frr.run.vty import Answer, Vty
from nlan.errors import ApplyError

LATER_S = 5.0
"""How long a daemon may refuse what it will take soon."""
LATER_RETRY_MS = 5
ROUNDS = 4
"""How often a daemon is told what it took along or brought, before that counts as an error."""
_LATER = re.compile(r"could not lock|locked by|Can not configure the local system as neighbor")
"""mgmtd's configuration is locked; bgpd has not heard from zebra yet that an address is gone."""
_CLEAR = re.compile(r'"(clear [a-z0-9 ]+?)( command)?"')
"""A daemon's hint at what makes a change take effect."""


def show(files: Files, patience_s: float | None = None) -> tuple[str, ...]:
    """Return what the daemon has for a configuration now; it gets so much time (else `vty.TIMEOUT_S`).

    Raises:
        OSError: It does not run.
        PeerError: It does not answer.
    """
    with Vty(files.config_vty, patience_s) as vty:
        running = canonical(vty.together(["enable", "show running-config"])[1].text)
    return own_lines(files.daemon, running, has_manager=files.has_manager)


class Loader:
    """Types configuration commands and keeps track of the section it is in."""

    def __init__(self, vty: Vty, namespace: str, written: Container[Path] = ()) -> None:
        """Enter configuration mode.

        Args:
            vty: The daemon.
            namespace: Its node.
            written: What a user wrote: such a line may be refused, and is in `refused` then.
        """
        self._vty, self._namespace, self._written = vty, namespace, written
        self._section: Path = ()
        self._hints: dict[str, None] = {}
        self.refused: dict[Path, str] = {}
        self.kept: dict[Path, ApplyError] = {}
        for command in ("enable", "configure terminal"):
            self._type((command,))

    def run(self, change: Sequence[Command]) -> None:
        """Carry out commands in order.

        Raises:
            ApplyError: The daemon refused one that no user wrote; those before it are in force.
            PeerError: The daemon went away.
        """
        for command in change:
            path = (*command.section, command.line)
            if not self._enter(command.section):
                continue
            is_no = command.line.startswith("no ")
            if command.takes_back or (is_no and path not in self._written):
                self._remove(path)
            elif self._type(path) and frrwords.is_header(path):
                self._section = path
        self.end()

    def end(self) -> None:
        """Leave configuration mode and do what the daemon said was needed."""
        self._type(("end",))
        for hint in self._hints:
            self._type((hint,))

    def _enter(self, section: Path) -> bool:
        """Go into a section; false where a header of it was refused, or is now."""
        if any(section[: n + 1] in self.refused for n in range(len(section))):
            return False
        common = 0
        while common < min(len(section), len(self._section)) and section[common] == self._section[common]:
            common += 1
        for _ in self._section[common:]:
            self._type(("exit",))
        self._section = section[:common]
        for n in range(common, len(section)):
            if not self._type(section[: n + 1]):
                return False
            self._section = section[: n + 1]
        return True

    def _ask(self, line: str) -> Answer:
        """Type a line, again while it is refused for what passes."""
        deadline = time.monotonic() + LATER_S
        while True:
            answer = self._vty.ask(line)
            if not (answer.failed and _LATER.search(answer.text)) or time.monotonic() > deadline:
                return answer
            select.poll().poll(LATER_RETRY_MS)

    def _type(self, path: Path) -> bool:
        """Type the last line of a path; tell whether the daemon took it."""
        answer = self._ask(path[-1])
        if answer.failed:
            if path not in self._written:
                raise self._refused(path[-1], answer)
            self.refused[path] = answer.words
            return False
        self._heed(answer)
        return True

    def _remove(self, path: Path) -> None:
        """Take a line back; FRR wants some with all their words, some with fewer.

        What it does not take back is in `kept`; it may be gone with another line, or never have been.
        """
        refused = None
        for shorter in shortened(path[-1]) if path[-1].startswith("no ") else (path[-1],):
            answer = self._ask(shorter)
            if not answer.failed:
                self._heed(answer)
                return
            refused = refused or answer
        assert refused is not None
        self.kept[(*path[:-1], path[-1].removeprefix("no "))] = self._refused(path[-1], refused)

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


class Changed(NamedTuple):
    """What became of a change: what the daemon shows now, and what it did not take, with its words."""

    shown: tuple[str, ...]
    refused: dict[Path, str]


def change_config(
    files: Files, namespace: str, change: Change, desired: Sequence[str], written: Container[Path] = ()
) -> Changed:
    """Carry out a change and return what the daemon shows then.

    A command can take lines along that shall stay (another AS removes what is for internal peers
    only), and bring some that nobody asked for; those are typed again, and taken back.

    Raises:
        ApplyError: The daemon refused a line that is not in `written`, or does not keep one.
        OSError: The daemon does not run.
        PeerError: The daemon went away.
    """
    before, wanted = paths(show(files)), paths(desired)
    again = commands(change)
    done = Changed((), {})
    kept: dict[Path, ApplyError] = {}
    for _ in range(ROUNDS):
        done, kept = _typed(files, namespace, again, written, done)
        after = paths(done.shown)
        left = _without_spellings(change, done, after, kept)
        again = list(_amends(left, before, wanted, after))
        if not again:
            return done
    raise _stubborn(files, namespace, again, kept)


def become(files: Files, namespace: str, afresh: Changed, written: Container[Path]) -> Changed | None:
    """Make a daemon show what it would show afresh; None where it does not come to do so.

    Args:
        files: The daemon's.
        namespace: Its node.
        afresh: What it would show and refuse.
        written: What it may refuse.

    Raises:
        OSError: The daemon does not run.
        PeerError: The daemon went away.
    """
    done, before = Changed(show(files), {}), Change((), ())
    with suppress(ApplyError):
        for _ in range(ROUNDS):
            added, removed = _differing(afresh.shown, done.shown)
            is_last = all(path in done.refused for path in added) and before == Change(added, removed)
            if not removed and (not added or is_last):
                return _with_refused(files, namespace, done, afresh)
            before = Change(added, removed)
            todo = commands(before, paths(afresh.shown))
            done, _ = _typed(files, namespace, todo, written, Changed((), {}))
    return None


_AREA = re.compile(r"\barea (\d+)(?![\d.])")
"""An area as a number, which FRR shows as it heard of it first: as a number or as an address."""


def _differing(afresh: Sequence[str], shown: Sequence[str]) -> Change:
    """Compare, areas by their number."""
    change = compare(afresh, shown)
    added, removed = ([_with_areas(path) for path in those] for those in change)
    return Change(
        tuple(path for path, one in zip(change.added, added, strict=True) if one not in removed),
        tuple(path for path, one in zip(change.removed, removed, strict=True) if one not in added),
    )


def _with_areas(path: Path) -> Path:
    return tuple(_AREA.sub(lambda found: f"area {IPv4Address(int(found[1]))}", line) for line in path)


def _with_refused(files: Files, namespace: str, done: Changed, afresh: Changed) -> Changed:
    """Try what is refused afresh, too: the running daemon knows interfaces, and says why."""
    refused = done.refused | try_again(files, namespace, list(afresh.refused))
    return Changed(show(files), refused) if afresh.refused else done


def _typed(
    files: Files, namespace: str, todo: Sequence[Command], written: Container[Path], before: Changed
) -> tuple[Changed, dict[Path, ApplyError]]:
    """Type commands; return what came of them, and what the daemon did not take back."""
    with Vty(files.config_vty) as vty:
        loader = Loader(vty, namespace, written)
        loader.run(todo)
        return Changed(show(files), before.refused | loader.refused), loader.kept


def _amends(
    change: Change, before: Container[Path], wanted: Mapping[Path, None], after: Mapping[Path, None]
) -> Iterator[Command]:
    """Yield what is still to be typed: what was taken along that shall stay, what stays that shall go."""
    for path in after:
        is_left = path in change.removed or (path not in before and _is_left_over(path, change))
        if path not in wanted and is_left and not stays_empty(path):
            yield Command(path[:-1], negated(path[-1]))
    for path in wanted:
        if path in before and path not in after and not _is_implied(path, wanted):
            yield Command(path[:-1], path[-1])


def _without_spellings(
    change: Change, done: Changed, after: Mapping[Path, None], kept: Container[Path]
) -> Change:
    """Return the change without removals of what a daemon shows in the place of a line that was typed.

    It shows some lines in other words than they were typed in. Where one was there before, in those words,
    it was taken back, and the typed one brought it again.
    """
    unseen = {(p[:-1], _word(p)) for p in change.added if p not in after and p not in done.refused}
    stays = {p for p in change.removed if (p[:-1], _word(p)) in unseen and p in after and p not in kept}
    return change._replace(removed=tuple(path for path in change.removed if path not in stays))


def _word(path: Path) -> str:
    return path[-1].split(" ", 1)[0]


def _stubborn(
    files: Files, namespace: str, left: Sequence[Command], kept: Mapping[Path, ApplyError]
) -> ApplyError:
    """Return the error for what a daemon neither takes nor lets go, in its own words where it has some."""
    first = left[0]
    path = (*first.section, first.line.removeprefix("no "))
    line = " / ".join((*first.section, first.line))
    why = (
        "the daemon does not keep the line"
        if path == (*first.section, first.line)
        else "the daemon keeps the line"
    )
    return kept.get(path) or ApplyError(namespace, f"configure {files.daemon}: {line}", why)


def try_again(files: Files, namespace: str, those: Sequence[Path]) -> dict[Path, str]:
    """Type lines once more that a daemon refused in its file; return those that it refuses still.

    The file's log says only that there is no such command; here the daemon says why. What needed
    the daemon to know an interface may be taken now.
    """
    if not those:
        return {}
    with Vty(files.config_vty) as vty:
        loader = Loader(vty, namespace, frozenset(those))
        loader.run([Command(path[:-1], path[-1]) for path in those])
    return loader.refused


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
