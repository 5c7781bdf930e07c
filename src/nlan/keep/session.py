"""A lab kept by this process, from its claim to its end, for any front; and who keeps a lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlan.api import Environment, Lab, catalog
from nlan.api.events.reports import Report, Tell
from nlan.api.upkeep.lab import KeptLab
from nlan.api.upkeep.pidfile import Pidfile, stop_keeper
from nlan.errors import NotFoundError
from nlan.keep.database import LabDatabase
from nlan.keep.keeper import Keeper

if TYPE_CHECKING:
    from typing import Self


def nobody(_: Report) -> None:
    """Let a report pass."""


class Session:
    """A running lab that this process keeps: a context, in which `run` does.

    As long as it is entered no other process can keep the lab. `stop` ends `run` from another thread, or
    from a signal's handler; signals are the caller's.

    Attributes:
        lab: The lab.
        pidfile: What says that this process keeps it.
        is_lost: Whether the lab's database got damaged meanwhile. Closing it would write to it, and so would
            the session's and the interpreter's end: `os._exit` does not.
    """

    def __init__(self, lab: Lab, tell: Tell = nobody) -> None:
        """Take a lab; nothing is claimed or open yet.

        Args:
            lab: The lab.
            tell: Called, in the thread that runs, with everything worth a line.
        """
        self.lab, self._tell = lab, tell
        self.pidfile = Pidfile(lab.paths, lab.name)
        self.is_lost = False
        self._is_stopped = False
        self._keeper: Keeper | None = None
        self._kept: KeptLab | None = None

    def __enter__(self) -> Self:
        """Become the lab's keep.

        Raises:
            NotFoundError: The lab is not there, or its database is lost or damaged.
            LockedError: The lab has a keep.
        """
        if self.lab.known() is None:
            raise NotFoundError(f"{self.lab.name}: its database is lost; `nlan up FILE` describes it anew")
        self.pidfile.claim()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.pidfile.leave()
        if self._kept is not None and kind is None:
            self._kept.leave()

    def stop(self) -> None:
        """End `run`, now or as soon as it begins; after its end this does nothing."""
        self._is_stopped = True
        if self._keeper is not None:
            self._keeper.stop()

    def run(self) -> None:
        """Keep the lab until it is taken down or `stop` is called.

        Raises:
            HostError: The database cannot be opened, or the lab's lock not be had.
        """
        lab = self._kept = KeptLab(self.lab)
        database = LabDatabase(lab)
        try:
            self._keeper = Keeper(lab, database, self.pidfile, self._tell)
            if self._is_stopped:  # before there was a keeper to be stopped
                self._keeper.stop()
            self._keeper.run()
        finally:
            self._keeper, self.is_lost = None, bool(database.abandoned)
            self._abandoned = database.abandoned  # collected, it would be closed


def kept(lab: str | None, environment: Environment | None = None) -> Lab:
    """Return the lab that is meant: the only one that is kept, where none is named.

    Raises:
        NotFoundError: None is meant, or several may be.
    """
    environment = environment or Environment()
    environment.privileges.need_root()
    found = [
        one
        for name in catalog.running(environment.paths)
        if (one := Lab(name, environment=environment)).kept_by is not None
    ]
    return found[0] if lab is None and len(found) == 1 else Lab.find(lab, environment=environment)


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
