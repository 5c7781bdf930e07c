"""What a daemon would show of a configuration if it were started with it: asked of one that is.

FRR shows some lines in other words than it was given, leaves defaults out, and takes one line for
another's value. Instead of knowing all that, a daemon of the same program is started for a moment, in
a network namespace of its own, where it reaches nobody, and its files under a name of their own.
"""

from __future__ import annotations

import os
import pathlib
import select
import signal
import time
from collections.abc import Sequence
from contextlib import suppress

from nlan.engines.frr.config.tree import Command, Path, canonical, paths
from nlan.engines.frr.programs import MANAGER, program
from nlan.engines.frr.run.files import Files, own_lines
from nlan.engines.frr.run.load import Changed, Loader
from nlan.engines.frr.run.vty import Vty
from nlan.errors import ApplyError, HostError, PeerError
from nlan.runtimes.base import Nodes
from nlan.system import safefiles

DEADLINE_S = 5.0
"""How long it may take to answer."""
LOOK_MS = 2
WITHOUT_FILES = ("--mount", "sh", "-c", 'mount -t tmpfs none /etc/frr && exec "$0" "$@"')
"""mgmtd reads the files in /etc/frr whatever it is told."""
OWN_DIRECTORIES = ("run-frr", "lib-frr")
"""Where it makes a directory of its name."""


def shown(nodes: Nodes, namespace: str, files: Files, config: Sequence[str]) -> Changed | None:
    """Return what the daemon would show and refuse, None where that cannot be found out."""
    name = f"nlan{os.urandom(8).hex()}"
    argv = ["unshare", "--net", program(files.configured_by), "-N", name, "-A", "127.0.0.1", "-P", "0"]
    if files.configured_by == MANAGER:
        argv[2:2] = WITHOUT_FILES
    else:
        argv += ["-z", f"/run/frr/{name}/zserv.api", "-f", "/dev/null"]
    try:
        pidfd = os.pidfd_open(nodes.spawn(namespace, argv))
    except (OSError, HostError):
        return None
    socket = files.run / name / f"{files.configured_by}.vty"
    try:
        text, refused = _answer(socket, pidfd, namespace, list(paths(config)))
    except (OSError, PeerError, ApplyError):
        return None
    finally:
        _end(pidfd)
        for directory in OWN_DIRECTORIES:
            with suppress(OSError):
                safefiles.remove(files.directory / directory / name)
    return Changed(own_lines(files.daemon, canonical(text), has_manager=files.has_manager), refused)


def _answer(
    socket: pathlib.Path, pidfd: int, namespace: str, config: Sequence[Path]
) -> tuple[str, dict[Path, str]]:
    """Type the configuration, and what is refused once more, as after a start; return what is shown then."""
    with _connected(socket, pidfd) as vty:
        refused: dict[Path, str] = dict.fromkeys(config, "")
        for _ in range(2):
            loader = Loader(vty, namespace, frozenset(config))
            loader.run([Command(path[:-1], path[-1]) for path in refused])
            refused = loader.refused
        return vty.ask("show running-config").text, refused


def _connected(socket: pathlib.Path, pidfd: int) -> Vty:
    """Return a conversation with the daemon once it listens.

    Raises:
        OSError: It ended, or does not listen in time.
    """
    ended = select.poll()
    ended.register(pidfd, select.POLLIN)
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            return Vty(socket)
        except OSError:
            if ended.poll(LOOK_MS) or time.monotonic() > deadline:
                raise


def _end(pidfd: int) -> None:
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    gone = select.poll()
    gone.register(pidfd, select.POLLIN)
    gone.poll(DEADLINE_S * 1000)
    os.close(pidfd)
