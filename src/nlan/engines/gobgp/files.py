"""What GoBGP's driver keeps on disk: the daemon's files, and the receipt of what was asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from nlan.engines.gobgp.log import NAME as LOG_NAME
from nlan.engines.gobgp.resource import GobgpDaemon
from nlan.model import from_json, to_builtins
from nlan.system import safefiles

RECEIPT_MAX = 1 << 28
"""Bytes of a receipt."""
LOG_MAX = 1 << 26
"""Bytes of the log that are looked at, from its end."""


class Receipt(NamedTuple):
    """What was asked of a process, and what came of it.

    Attributes:
        asked: The daemon as it was wanted.
        listening: The peers among it that GoBGP waits for.
        shown: What it showed then of the peers that it dials; None while it is not known.
    """

    asked: GobgpDaemon
    listening: frozenset[str]
    shown: Mapping[str, Mapping[str, Any]] | None


class Files(NamedTuple):
    """The paths of a node's GoBGP, all in its run directory."""

    directory: Path

    @property
    def config(self) -> Path:
        """What it reads at its start and at SIGHUP."""
        return self.directory / "gobgpd.json"

    @property
    def log(self) -> Path:
        """What it says: sessions up and down, peers added and removed."""
        return self.directory / LOG_NAME

    @property
    def pid(self) -> Path:
        """Its process id, written by nlan."""
        return self.directory / "gobgpd.pid"

    @property
    def receipt(self) -> Path:
        """What was asked and what it showed then."""
        return self.directory / "gobgpd-receipt.json"

    def remove(self) -> None:
        """Remove what it leaves behind."""
        for path in (self.config, self.log, self.pid, self.receipt):
            safefiles.remove(path)

    def read_receipt(self) -> Receipt | None:
        """Return what was asked last, None where nothing was, or where it cannot be made out any more."""
        try:
            data = json.loads(safefiles.read(self.receipt, RECEIPT_MAX))
            asked = from_json(data["asked"], GobgpDaemon)
            return Receipt(asked, frozenset(data.get("listening", ())), data["shown"])
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, KeyError, TypeError, AttributeError):  # damaged: it is as good as lost
            return None

    def write_receipt(
        self, asked: GobgpDaemon, listening: Iterable[str], shown: Mapping[str, Mapping[str, Any]] | None
    ) -> None:
        """Write down what is asked; root's alone, since it may hold keys."""
        bare = to_builtins(msgspec.structs.replace(asked, after=()))
        text = json.dumps({"asked": bare, "listening": sorted(listening), "shown": shown})
        write(self.receipt, text, private=True)

    def log_text(self) -> str:
        """Return what the process has said so far."""
        with suppress(OSError):
            return safefiles.read_end(self.log, LOG_MAX).decode(errors="replace")
        return ""

    def last_words(self) -> str:
        """Return the last lines of its log."""
        lines = self.log_text().strip().splitlines()
        return " | ".join(lines[-3:]) if lines else "it said nothing"


def write(path: Path, text: str, *, private: bool = False) -> None:
    """Replace a file in one step; a private one (it may hold keys) is root's alone."""
    safefiles.write(path, text.encode(), mode=0o600 if private else 0o644)
