"""The files of a node's FRR: configuration, sockets, logs, and the receipts that nlan keeps.

A receipt says what a daemon was asked for and what it showed once it had read that. FRR prints some
lines in other words than it was given; with the receipt, only what changes later is a difference.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from nlan.resources import frrconfig

MANAGER = "mgmtd"
MANAGED = frozenset({"staticd", "ripd", "ripngd"})
"""Daemons that take their configuration from mgmtd only, where there is one (since FRR 9)."""

_OF_MANAGED = (
    ("staticd", re.compile(r"(ip|ipv6) route ")),
    ("ripngd", re.compile(r"router ripng")),
    ("ripd", re.compile(r"router rip$")),
)
_NOT_ZEBRAS = re.compile(
    r"(access-list|ipv6 access-list|ip prefix-list|ipv6 prefix-list|route-map|interface|vrf) "
)


VTYSH_CONF = "no service integrated-vtysh-config\n"
"""For vtysh in the node: a file per daemon, and no complaint that there is none of its own."""


class Files(NamedTuple):
    """The paths of one daemon of a node.

    Attributes:
        directory: The node's run directory.
        daemon: The daemon's name.
    """

    directory: Path
    daemon: str

    @property
    def config(self) -> Path:
        """What the daemon reads at its start.

        mgmtd would read a ``zebra.conf`` too, and complain of the lines that are not its own.
        """
        name = "zebra-own" if self.daemon == "zebra" else self.daemon
        return self.directory / "etc-frr" / f"{name}.conf"

    @property
    def run(self) -> Path:
        """The directory of sockets, process ids and logs."""
        return self.directory / "run-frr"

    @property
    def vty(self) -> Path:
        """The daemon's own socket."""
        return self.run / f"{self.daemon}.vty"

    @property
    def has_manager(self) -> bool:
        """Whether nlan started an mgmtd in the node; FRR before version 9 has none."""
        return self._replace(daemon=MANAGER).receipt.exists()

    @property
    def configured_by(self) -> str:
        """The daemon that reads, shows and changes its configuration: itself or mgmtd."""
        return MANAGER if self.daemon in MANAGED and self.has_manager else self.daemon

    @property
    def config_vty(self) -> Path:
        """The socket over which its configuration is read and written."""
        return self.run / f"{self.configured_by}.vty"

    @property
    def pid(self) -> Path:
        """Where the daemon writes its process id."""
        return self.run / f"{self.daemon}.pid"

    @property
    def log(self) -> Path:
        """The daemon's log: sessions that go up and down, commands typed by anyone."""
        return self.run / f"{self.daemon}.log"

    @property
    def log_target(self) -> str:
        """The log as the daemon's command line names it."""
        return f"file:/run/frr/{self.daemon}.log"

    @property
    def config_log(self) -> Path:
        """The log that tells of errors in its configuration."""
        return self.run / f"{self.configured_by}.log"

    @property
    def output(self) -> Path:
        """What the daemon prints."""
        return self.directory / f"{self.daemon}.out"

    @property
    def receipt(self) -> Path:
        """What was asked and shown."""
        return self.directory / f"receipt-{self.daemon}.json"

    def write_config(self, lines: Sequence[str]) -> None:
        """Write the file that the daemon reads at its start.

        Commands are logged from then on, not those of the file itself: hence the last line.
        """
        text = frrconfig.file_text(lines) if lines else ""
        log = "log commands\n" if self.configured_by == self.daemon else ""
        write(self.config, text + log, owner="frr")
        if self.daemon == "zebra":
            write(self.config.with_name("vtysh.conf"), VTYSH_CONF, owner="frr")

    def remove(self) -> None:
        """Remove what the daemon leaves behind."""
        leftovers = (self.config, self.vty, self.pid, self.log, self.output, self.receipt)
        for path in leftovers:
            path.unlink(missing_ok=True)


class Receipt(NamedTuple):
    """What a daemon was asked for, and what it showed then (None: not known yet)."""

    asked: tuple[str, ...]
    shown: tuple[str, ...] | None

    def write(self, files: Files) -> None:
        """Keep it, whole or not at all."""
        write(files.receipt, json.dumps({"asked": self.asked, "shown": self.shown}))

    @classmethod
    def read(cls, files: Files) -> Receipt | None:
        """Return the daemon's receipt, or None where nlan did not start it."""
        try:
            data = json.loads(files.receipt.read_bytes())
        except FileNotFoundError:
            return None
        shown = data["shown"]
        return cls(tuple(data["asked"]), None if shown is None else tuple(shown))


def write(path: Path, text: str, owner: str | None = None) -> None:
    """Replace a file in one step; nobody but its owner reads it, since it may hold keys."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.touch(mode=0o600)
    temporary.write_text(text)
    if owner is not None:
        shutil.chown(temporary, owner, owner)
        temporary.chmod(0o640)
    os.replace(temporary, path)


def own_lines(daemon: str, running: Iterable[str], *, has_manager: bool = True) -> tuple[str, ...]:
    """Return of a running configuration what belongs to `daemon`.

    mgmtd shows the lines of all that it manages; zebra repeats some of mgmtd's. Without mgmtd, each
    shows its own.
    """
    lines = tuple(running)
    if not has_manager or (daemon != "zebra" and daemon != MANAGER and daemon not in MANAGED):
        return lines
    those = frrconfig.paths(lines)
    if daemon == "zebra":
        return frrconfig.lines(path for path in those if not _NOT_ZEBRAS.match(path[0]))
    return frrconfig.lines(path for path in those if _manager_owner(path) == daemon)


def _manager_owner(path: frrconfig.Path) -> str:
    line = path[-1] if path[0].startswith("vrf ") else path[0]
    return next((daemon for daemon, pattern in _OF_MANAGED if pattern.match(line)), MANAGER)


def observed_config(receipt: Receipt, running: Sequence[str]) -> tuple[str, ...]:
    """Return the configuration that a daemon has, in the words that it was asked in.

    That is: what was asked, and what it shows now beyond what it showed then, without what it lost
    since. A lost line that was asked in other words takes those words along.
    """
    if receipt.shown is None or tuple(receipt.shown) == tuple(running):
        return receipt.asked
    asked, shown, now = (frrconfig.paths(lines) for lines in (receipt.asked, receipt.shown, running))
    unspelled = [path for path in asked if path not in shown]
    lost: set[frrconfig.Path] = set()
    for path in shown:
        if path not in now:
            lost.update([path] if path in asked else _other_words(path, unspelled))
    kept = [path for path in asked if path not in lost]
    return frrconfig.lines([*kept, *(path for path in now if path not in shown)])


def _other_words(path: frrconfig.Path, candidates: Sequence[frrconfig.Path]) -> list[frrconfig.Path]:
    """Return the asked paths that share the most leading words with a lost one."""
    best: list[frrconfig.Path] = []
    most = 1
    for candidate in candidates:
        common = _common_words(path[-1], candidate[-1])
        if common > most:
            best, most = [candidate], common
        elif common == most and best:
            best.append(candidate)
    return best


def _common_words(one: str, other: str) -> int:
    """Count the words that both have, when they begin alike."""
    first, second = one.split(), other.split()
    return len(set(first) & set(second)) if first[0] == second[0] else 0
