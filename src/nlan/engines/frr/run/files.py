"""The files of a node's FRR: configuration, sockets, logs, and the receipts that nlan keeps.

A receipt says what a daemon was asked for and what it showed once it had read that. FRR prints some
lines in other words than it was given; with the receipt, only what changes later is a difference.
"""

from __future__ import annotations

import functools
import json
import os
import pwd
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from nlan.engines.frr.config import file as frrfile
from nlan.engines.frr.config import tree as frrconfig
from nlan.engines.frr.programs import MANAGER
from nlan.errors import HostError
from nlan.paths import below
from nlan.system import safefiles

RECEIPT_MAX = 1 << 28
"""Bytes of a receipt."""
ZEBRA_SOCKET = "zserv.api"
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
        return below(self.directory, "etc-frr", f"{name}.conf")

    @property
    def run(self) -> Path:
        """The directory of sockets and process ids."""
        return below(self.directory, "run-frr")

    @property
    def vty(self) -> Path:
        """The daemon's own socket."""
        return below(self.directory, "run-frr", f"{self.daemon}.vty")

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
        return below(self.directory, "run-frr", f"{self.configured_by}.vty")

    @property
    def pid(self) -> Path:
        """Where the daemon writes its process id."""
        return below(self.directory, "run-frr", f"{self.daemon}.pid")

    @property
    def log(self) -> Path:
        """The daemon's log: sessions that go up and down, commands typed by anyone."""
        return below(self.directory, "log-frr", f"{self.daemon}.log")

    @property
    def log_target(self) -> str:
        """The log as the daemon's command line names it."""
        return f"file:/var/log/frr/{self.daemon}.log"

    @property
    def log_targets(self) -> tuple[str, str]:
        """The same, and as a former version of nlan named it."""
        return self.log_target, f"file:/run/frr/{self.daemon}.log"

    @property
    def config_log(self) -> Path:
        """The log that tells of errors in its configuration."""
        return self._replace(daemon=self.configured_by).log

    @property
    def output(self) -> Path:
        """What the daemon prints."""
        return below(self.directory, f"{self.daemon}.out")

    @property
    def receipt(self) -> Path:
        """What was asked and shown."""
        return below(self.directory, f"receipt-{self.daemon}.json")

    def clear(self) -> None:
        """Remove what would be in the way of the daemon's start, whatever it is.

        In the directory of sockets that is what bears its name, and zebra's socket that the others call;
        beside its configuration and what it remembers, all that it would wait for, or read by a link.
        """
        for name in os.listdir(self.run):
            mine = re.split(r"[._]", name, maxsplit=1)[0] == self.daemon
            if mine or (name == ZEBRA_SOCKET and self.daemon == "zebra"):
                safefiles.remove(self.run / name)
        for directory in (self.config.parent, self.directory / "lib-frr"):
            for entry in list(os.scandir(directory)):
                if not entry.is_file(follow_symlinks=False) and not entry.is_dir(follow_symlinks=False):
                    safefiles.remove(directory / entry.name)

    def write_config(
        self, lines: Sequence[str], *, written: bool = False, owner: tuple[int, int] | None = None
    ) -> None:
        """Write the file that the daemon reads at its start.

        Commands are logged from then on, not those of the file itself: hence the last line.

        Args:
            lines: The configuration.
            written: Whether a user wrote some of it, which FRR may refuse.
            owner: Whose it shall be, user and group; FRR's daemons', where nobody is given.
        """
        owner = owner or _owner()
        if written and self.daemon not in MANAGED:  # mgmtd reads those one after the other, as one
            text = "".join(f"{row}\n" for row, _ in frrfile.rows(frrconfig.paths(lines)))
        else:
            text = frrconfig.file_text(lines) if lines else ""
        log = "log commands\n" if self.configured_by == self.daemon else ""
        _give(self.config, text + log, owner)
        if self.daemon == "zebra":
            _give(self.config.with_name("vtysh.conf"), VTYSH_CONF, owner)

    def remove(self) -> None:
        """Remove what the daemon leaves behind."""
        leftovers = (self.config, self.vty, self.pid, self.log, self.output, self.receipt)
        for path in leftovers:
            safefiles.remove(path)


class Receipt(NamedTuple):
    """What a daemon was asked for, and what it showed then (None: not known yet)."""

    asked: tuple[str, ...]
    shown: tuple[str, ...] | None

    def write(self, files: Files) -> None:
        """Keep it, whole or not at all; it is root's alone, since it may hold keys."""
        text = json.dumps({"asked": self.asked, "shown": self.shown})
        safefiles.write(files.receipt, text.encode())

    @classmethod
    def read(cls, files: Files) -> Receipt | None:
        """Return the daemon's receipt, or None where there is none, or a damaged one."""
        try:
            data = json.loads(safefiles.read(files.receipt, RECEIPT_MAX))
            shown = data["shown"]
            return cls(tuple(data["asked"]), None if shown is None else tuple(shown))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, KeyError, TypeError):  # as if it were lost: what the daemon shows counts then
            return None


def _give(path: Path, text: str, owner: tuple[int, int]) -> None:
    """Replace a file of the daemon's; nobody else reads it, since it may hold keys."""
    safefiles.write(path, text.encode(), mode=0o640, owner=owner)


@functools.cache
def _owner() -> tuple[int, int]:
    """Return the user and group that FRR's daemons run as.

    Raises:
        HostError: There is none.
    """
    try:
        entry = pwd.getpwnam("frr")
    except KeyError as missing:
        raise HostError("the user frr is missing: install FRR") from missing
    return entry.pw_uid, entry.pw_gid


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
    own = (path for path in those if path[-1].startswith("vrf ") or _manager_owner(path) == daemon)
    return frrconfig.lines(frrconfig.spoken_of(own))


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
