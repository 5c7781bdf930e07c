"""A keep from its claim to its end, for any front: who keeps a lab, and how that ends."""

from __future__ import annotations

import os
from pathlib import Path

from nlan.api import Lab, catalog
from nlan.api.environment.nodes import machine
from nlan.api.events.reports import Tell
from nlan.api.upkeep.pidfile import Pidfile, stop_keeper
from nlan.errors import NotFoundError
from nlan.keep.database import LabDatabase
from nlan.keep.keeper import Keeper
from nlan.state import find_state


def was_taken_down(lab: Lab) -> bool:
    """Tell whether a lab's end came before its keep, which ends with it."""
    catalog.need_root()
    if lab.is_running:
        return False
    state = find_state(lab.paths.state, lab.name)
    if state is None:
        return False
    with state:
        return state.lab() is not None and not state.was_up()


def claim(lab: Lab) -> Pidfile:
    """Become the lab's keep.

    Raises:
        NotFoundError: The lab is not there, or its database is lost or damaged.
        LockedError: The lab has a keep.
    """
    if lab.known() is None:
        raise NotFoundError(f"{lab.name}: its database is lost; `nlan up FILE` describes it anew")
    pidfile = Pidfile(lab.paths, lab.name)
    pidfile.claim()
    return pidfile


def kept(lab: str | None) -> Lab:
    """Return the lab that is meant: the only one that is kept, where none is named.

    Raises:
        NotFoundError: None is meant, or several may be.
    """
    catalog.need_root()
    here = Lab("").paths
    found = [name for name in catalog.running(here) if Lab(name).kept_by is not None]
    return Lab(found[0]) if lab is None and len(found) == 1 else Lab.find(lab)


def stop(lab: Lab) -> int:
    """End the keep of a lab and return its process id.

    Raises:
        NotFoundError: The lab has none.
        HostError: It does not end.
    """
    pid = stop_keeper(lab.paths, lab.name)
    if pid is None:
        raise NotFoundError(f"{lab.name} is not kept")
    return pid


class Session:
    """A claimed lab that is kept: `run` it, `stop` it from a signal's handler or from another thread."""

    def __init__(self, lab: Lab, pidfile: Pidfile, tell: Tell) -> None:
        """Take a lab that was claimed; `tell` is told of everything worth a line."""
        self._lab, self._pidfile = lab, pidfile
        self._database = LabDatabase(lab.paths.state, lab.name)
        self._keeper = Keeper(lab.context(), self._database, pidfile, tell)

    def stop(self) -> None:
        """End `run`."""
        self._keeper.stop()

    def run(self) -> None:
        """Keep the lab until it is taken down or `stop` is called."""
        self._keeper.run()
        self._pidfile.leave()

    def leave(self) -> None:
        """Let go of what is open here, which would be in the way of `nlan down`; the process is to end.

        Where the database got damaged meanwhile, it ends here: the interpreter would close, and so write it.
        """
        machine(self._lab.paths).leave()
        if self._database.abandoned:
            os._exit(0)


def silence() -> None:
    """Write to nowhere from now on."""
    from nlan.keep.background import redirect

    redirect(Path(os.devnull))
