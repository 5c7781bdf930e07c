"""What BIRD's driver keeps on disk: the daemon's files, and the receipt of what was asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import msgspec

from nlan.engines.bird.config import text
from nlan.engines.bird.directories import RUN
from nlan.engines.bird.log import NAME as LOG_NAME
from nlan.engines.bird.resource import BirdDaemon
from nlan.model import from_json, to_builtins
from nlan.processes.files import DaemonFiles, write
from nlan.system import safefiles

CONFIG_MAX = 1 << 28
"""Bytes of a configuration."""
EXACT_S = 0.002
"""How far apart two times of one moment may be that BIRD tells: it looks at two clocks to tell one."""


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


class Files(DaemonFiles):
    """The paths of a node's BIRD."""

    names: ClassVar = {
        "config": "bird.conf",
        "log": LOG_NAME,
        "pid": "bird.pid",
        "receipt": "bird-receipt.json",
    }

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

    def all(self) -> tuple[Path, ...]:
        """Return what it leaves behind."""
        return (*super().all(), self.candidate, self.control)

    def read_receipt(self) -> Receipt | None:
        """Return what was asked last, None where nothing was, or where it cannot be made out any more."""
        return self.read(_receipt)

    def write_receipt(self, asked: BirdDaemon, configured: Moment | None) -> None:
        """Write down what is asked; root's alone, since it may hold keys."""
        bare = to_builtins(msgspec.structs.replace(asked, after=(), silent=False, wrong=()))
        write(self.receipt, json.dumps({"asked": bare, "configured": configured}), private=True)

    def is_changed(self, asked: BirdDaemon) -> bool:
        """Tell whether the configuration on disk is another than was asked for."""
        try:
            return safefiles.read(self.config, CONFIG_MAX) != text(asked.statements).encode()
        except OSError:
            return True


def _receipt(data: Any) -> Receipt:
    configured = Moment(*map(float, data["configured"])) if data["configured"] else None
    return Receipt(from_json(data["asked"], BirdDaemon), configured)
