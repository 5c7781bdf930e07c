"""What the daemons of nodes have for a configuration; slow ones are waited for together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nlan import processes
from nlan.engines.frr.config.tree import lines, paths
from nlan.engines.frr.run import load, ospf_fast_start
from nlan.engines.frr.run.files import Files, Receipt, observed_config
from nlan.engines.frr.run.vty import SilentError, Vty
from nlan.errors import PeerError
from nlan.resources import FABRIC

Config = tuple[str, ...] | PeerError | None
"""What a daemon has for a configuration; why it does not answer; None where it does not run."""

FIRST_S = 0.2
"""How long each daemon may take to answer before the next one is asked."""
SIDE_BY_SIDE = 64
"""So many daemons that are slow to answer are waited for at once."""


def all_asked(
    started: Mapping[str, Iterable[Files]], patience_s: float | None
) -> dict[str, dict[Files, Config]]:
    """Return what the daemons of each node have, by node and files.

    Args:
        started: The daemons by node.
        patience_s: How long a slow one may take; None for as long as one that is replaced for it.
    """
    found = {name: {f: asked(f, FIRST_S) for f in those} for name, those in started.items()}
    slow = [f for those in found.values() for f, config in those.items() if isinstance(config, SilentError)]
    if slow:
        from concurrent.futures import ThreadPoolExecutor  # needed by hardly any run

        with ThreadPoolExecutor(min(len(slow), SIDE_BY_SIDE)) as pool:
            for files, config in zip(slow, pool.map(lambda f: asked(f, patience_s), slow), strict=True):
                found[files.directory.name][files] = config
    return found


def has_daemons(namespace: str) -> bool:
    """Tell nodes from hosts and the fabric."""
    return "/" not in namespace and namespace != FABRIC


def observed(files: Files) -> tuple[str, ...] | None:
    """Return what a running daemon has for a configuration; None where it does not run, or in vain."""
    config = asked(files)
    return None if isinstance(config, PeerError) else config


def asked(files: Files, patience_s: float | None = None) -> Config:
    """Return what a daemon has for a configuration, None where it does not run; why it does not answer.

    One without its file of the process id counts as one that does not answer: nobody finds it by that
    any more, as FRR's own tools do.
    After a crash between start and receipt, what it was started with counts as asked, and what it
    shows now is kept for the next time. What its manager shows counts as it is: that may not have been
    told yet.
    """
    receipt = Receipt.read(files)
    pids = {files.pid, files._replace(daemon=files.configured_by).pid}
    if any(map(processes.is_stopped, pids)):
        return PeerError(f"{files.daemon} stands still")
    try:
        if files.config_vty != files.vty:
            Vty(files.vty).close()
        running = load.show(files, patience_s)
    except PeerError as silent:
        return silent
    except OSError:
        return None
    if not files.pid.exists():
        return PeerError(f"{files.daemon} has lost the file with its process id")
    if receipt is not None and receipt.shown is None and files.config_vty == files.vty:
        provisional = paths(ospf_fast_start.start_lines(files.daemon, receipt.asked)).keys() - paths(
            receipt.asked
        )
        receipt = Receipt(receipt.asked, lines(path for path in paths(running) if path not in provisional))
        receipt.write(files)
    return running if receipt is None or receipt.shown is None else observed_config(receipt, running)
