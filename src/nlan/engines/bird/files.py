"""What BIRD's driver keeps on disk: the daemon's files, and the receipt of what was asked."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from nlan.engines.bird.config import text
from nlan.engines.bird.directories import RUN
from nlan.engines.bird.log import NAME as LOG_NAME
from nlan.engines.bird.resource import BirdDaemon
from nlan.model import from_json, to_builtins
from nlan.system import safefiles

RECEIPT_MAX = CONFIG_MAX = 1 << 28
"""Bytes of a receipt, and of a configuration."""
EXACT_S = 0.002
"""How far apart two times of one moment may be that BIRD tells: it looks at two clocks to tell one."""
LOG_MAX = 1 << 26
"""Bytes of the log that are looked at, from its end."""


class Moment(NamedTuple):
    """A moment of `time.monotonic`, in seconds, as exactly as it is known: not before, and not after."""

    earliest: float
    latest: float

    def may_be(self, other: Moment) -> bool:
        """Tell whether both may be the same; BIRD's answers are exact to a millisecond."""
        return self.earliest <= other.latest + EXACT_S and other.earliest <= self.latest + EXACT_S


class Receipt(NamedTuple):
    """What was asked of a process, and when it took it.

    BIRD shows no configuration. It tells when it was configured last: while that is when nlan did it,
    what runs is what nlan asked for.

    Attributes:
        asked: The daemon as it was wanted.
        configured: When BIRD took that; None while it is on its way.
    """

    asked: BirdDaemon
    configured: Moment | None


class Files(NamedTuple):
    """The paths of a node's BIRD, all in its run directory."""

    directory: Path

    @property
    def config(self) -> Path:
        """What it reads at its start, and when it is told to."""
        return self.directory / "bird.conf"

    @property
    def candidate(self) -> Path:
        """What it is asked to check before that becomes its configuration."""
        return self.directory / "bird.conf.new"

    @property
    def control(self) -> Path:
        """Its control socket."""
        return self.directory / RUN.name / "bird.ctl"

    @property
    def control_in_node(self) -> str:
        """The same as the node's programs see it: where birdc looks, if this machine's BIRD has that."""
        return str(RUN.target / "bird.ctl" if RUN.target.is_dir() else self.control)

    @property
    def log(self) -> Path:
        """What it says: sessions and neighbours that come and go, and who configures it."""
        return self.directory / LOG_NAME

    @property
    def pid(self) -> Path:
        """Its process id, written by nlan."""
        return self.directory / "bird.pid"

    @property
    def receipt(self) -> Path:
        """What was asked, and when it took that."""
        return self.directory / "bird-receipt.json"

    def remove(self) -> None:
        """Remove what it leaves behind."""
        for path in (self.config, self.candidate, self.control, self.log, self.pid, self.receipt):
            safefiles.remove(path)

    def read_receipt(self) -> Receipt | None:
        """Return what was asked last, None where nothing was, or where it cannot be made out any more."""
        try:
            data = json.loads(safefiles.read(self.receipt, RECEIPT_MAX))
            configured = Moment(*map(float, data["configured"])) if data["configured"] else None
            return Receipt(from_json(data["asked"], BirdDaemon), configured)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, KeyError, TypeError, AttributeError):  # damaged: it is as good as lost
            return None

    def write_receipt(self, asked: BirdDaemon, configured: Moment | None) -> None:
        """Write down what is asked; root's alone, since it may hold keys."""
        bare = to_builtins(msgspec.structs.replace(asked, after=(), silent=False, wrong=()))
        write(self.receipt, json.dumps({"asked": bare, "configured": configured}))

    def is_changed(self, asked: BirdDaemon) -> bool:
        """Tell whether the configuration on disk is another than was asked for."""
        try:
            return safefiles.read(self.config, CONFIG_MAX) != text(asked.statements).encode()
        except OSError:
            return True

    def log_text(self) -> str:
        """Return what the process has said so far."""
        with suppress(OSError):
            return safefiles.read_end(self.log, LOG_MAX).decode(errors="replace")
        return ""

    def last_words(self) -> str:
        """Return the last lines of its log."""
        lines = self.log_text().strip().splitlines()
        return " | ".join(lines[-3:]) if lines else "it said nothing"


def write(path: Path, octets: str) -> None:
    """Replace a file in one step; it is root's alone, since it may hold keys."""
    safefiles.write(path, octets.encode(), mode=0o600)
