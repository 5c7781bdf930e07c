"""The lab's database as keep has it open, as long as it is sound.

What is damaged, gone or replaced is not touched any more: it is neither written nor closed, since
closing would write what stands in its log. Once a sound one that describes the lab stands in its
place (`nlan up FILE` sets a damaged one aside), that is opened.
"""

from __future__ import annotations

from typing import Literal

from nlan.api.upkeep.lab import KeptLab, LabState
from nlan.errors import NlanError
from nlan.keep.horizon import LIMITS, Forgetting, Limits
from nlan.keep.soundness import Soundness, examined
from tega.engines.files import DATABASE
from tega.errors import StoreError

Change = Literal["", "lost", "back"]


class LabDatabase:
    """A lab's database, which may get lost.

    Attributes:
        state: What is open, None while there is none to be relied on.
        abandoned: What was open and got lost; to be kept until the process ends, without closing.
        why: What is wrong.
    """

    def __init__(self, lab: KeptLab, limits: Limits = LIMITS) -> None:
        """Open it.

        Args:
            lab: Whose it is.
            limits: How much of its history is kept.

        Raises:
            StoreError: It cannot be opened.
        """
        self._lab, self._directory = lab, lab.database_path
        self.state: LabState | None = lab.open_state()
        self.abandoned: list[LabState] = []
        self.why = ""
        self._soundness = Soundness(self._directory)
        self._forgetting = Forgetting(self._directory, limits)
        self._tried: object = None

    def close(self) -> None:
        """Close what is sound."""
        self._forgetting.end()
        if self.state is not None and self.look() != "lost":
            self.state.close()
            self.state = None

    def look(self) -> Change:
        """Look whether it is still sound, or sound again; to be called before it is used."""
        if self.state is not None:
            if self._forgetting.is_at_work:  # and would look like somebody else's work
                return ""
            if not (why := self._soundness.why_not()):
                return ""
            self.lose(why)
            return "lost"
        stamp = self._stamp()
        if stamp is None or stamp == self._tried:
            return ""
        self._tried = stamp
        return "back" if self._reopen() else ""

    def forget(self, now: float) -> int | StoreError:
        """Now and then forget what is too much; return how many commits went, or what failed."""
        return 0 if self.state is None else self._forgetting.tick(self.state, now)

    def lose(self, why: str) -> None:
        """Touch it no more."""
        if self.state is not None:
            self.abandoned.append(self.state)
        self.state, self.why, self._tried = None, why, self._stamp()

    def _stamp(self) -> object:
        """Return what tells one state of the main file and its log from another, None where it is gone."""
        found = []
        for name in (DATABASE, f"{DATABASE}-wal"):
            path = self._directory / name
            if path.exists():
                stat = path.stat()
                found.append((name, stat.st_ino, stat.st_size, stat.st_mtime_ns))
        return tuple(found) or None

    def _reopen(self) -> bool:
        if examined(self._directory):
            return False
        try:
            state = self._lab.open_state()
        except StoreError:
            return False
        if not _describes_a_lab(state):  # somebody only looked: it is empty
            state.close()
            return False
        self.state, self.why = state, ""
        self._soundness = Soundness(self._directory)
        return True


def _describes_a_lab(state: LabState) -> bool:
    try:
        return state.was_up() and state.lab() is not None
    except (StoreError, NlanError):
        return False
