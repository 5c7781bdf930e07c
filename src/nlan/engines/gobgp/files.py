"""What GoBGP's driver keeps on disk: the daemon's files, and the receipt of what was asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

import msgspec

from nlan.engines.gobgp.log import NAME as LOG_NAME
from nlan.engines.gobgp.resource import GobgpDaemon
from nlan.model import from_json, to_builtins
from nlan.processes.files import DaemonFiles, write


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


class Files(DaemonFiles):
    """The paths of a node's GoBGP."""

    names: ClassVar = {
        "config": "gobgpd.json",
        "log": LOG_NAME,
        "pid": "gobgpd.pid",
        "receipt": "gobgpd-receipt.json",
    }

    def read_receipt(self) -> Receipt | None:
        """Return what was asked last, None where nothing was, or where it cannot be made out any more."""
        return self.read(_receipt)

    def write_receipt(
        self, asked: GobgpDaemon, listening: Iterable[str], shown: Mapping[str, Mapping[str, Any]] | None
    ) -> None:
        """Write down what is asked; root's alone, since it may hold keys."""
        bare = to_builtins(msgspec.structs.replace(asked, after=()))
        text = json.dumps({"asked": bare, "listening": sorted(listening), "shown": shown})
        write(self.receipt, text, private=True)


def _receipt(data: Any) -> Receipt:
    asked = from_json(data["asked"], GobgpDaemon)
    return Receipt(asked, frozenset(data.get("listening", ())), data["shown"])
