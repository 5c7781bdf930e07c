"""Which lab is meant, and where it is written: what every call on a lab starts from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nlan.api import catalog
from nlan.api.environment import Environment
from nlan.api.listener import Listener

if TYPE_CHECKING:
    from typing import Self

    from nlan import model
    from nlan.api.edits.faults import LinkFault
    from nlan.api.environment.context import Context
    from nlan.api.runs.files import Read, Source
    from nlan.paths import Paths
    from nlan.state import LabState


class Handle:
    """A lab by its name or its file; nothing is held open."""

    def __init__(
        self, name: str, *, environment: Environment | None = None, listener: Listener | None = None
    ) -> None:
        """Take a lab by its name, whether or not there is one.

        Args:
            name: The lab's.
            environment: Where labs live; by default this machine, as the environment variables say.
            listener: Called with how far a run is, and with warnings.
        """
        self.name = name
        self.environment = Environment() if environment is None else environment
        self.listener = Listener() if listener is None else listener
        self._source: Source | None = None
        self._read: Read | None = None
        self._is_fresh = False

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        told: Mapping[str, str] | None = None,
        environment: Environment | None = None,
        listener: Listener | None = None,
    ) -> Self:
        """Return the lab that a file describes. `up`, `plan` and `resolved` read the file anew each time.

        Args:
            path: The file.
            name: The lab's; by default the file's own, which may be its file name's stem.
            told: What another tool's file needs besides: ``{"roster": "roster.yaml"}`` for neutron-lan's.
            environment: As of a lab by its name.
            listener: Likewise.

        Raises:
            InputError: The file is wrong; it has every problem, each with its line.
        """
        from nlan.api.runs.files import Source

        return cls._written(Source(os.fspath(path), name, None, told or {}), environment, listener)

    @classmethod
    def from_text(
        cls,
        text: str,
        *,
        name: str | None = None,
        environment: Environment | None = None,
        listener: Listener | None = None,
    ) -> Self:
        """Return the lab that the text of a file describes; otherwise as `from_file`."""
        from nlan.api.runs.files import Source

        return cls._written(Source(f"{name or 'lab'}.yaml", name, text), environment, listener)

    @classmethod
    def _written(cls, source: Source, environment: Environment | None, listener: Listener | None) -> Self:
        lab = cls("", environment=environment, listener=listener)
        lab._source = source
        lab.name = lab.read().loaded.lab.name
        lab._is_fresh = True
        return lab

    @classmethod
    def find(
        cls,
        name: str | None = None,
        *,
        running: bool = True,
        environment: Environment | None = None,
        listener: Listener | None = None,
    ) -> Self:
        """Return the lab that is meant: the one of that name, or the only one.

        Args:
            name: The lab's, or None for the only one.
            running: Whether it has to run; else the only one that is known will do, and a name is
                taken as it is.
            environment: As of a lab by its name.
            listener: Likewise.

        Raises:
            NotFoundError: It does not run, or none does, or several do and none is named.
            HostError: The caller lacks the privilege.
        """
        environment = Environment() if environment is None else environment
        if running:
            found = catalog.choose(environment, name).lab
        else:
            found = catalog.known_name(environment.paths, name)
        return cls(found, environment=environment, listener=listener)

    def __repr__(self) -> str:
        return f"Lab({self.name!r})"

    @property
    def paths(self) -> Paths:
        """The directories where it lives."""
        return self.environment.paths

    @property
    def is_running(self) -> bool:
        """Whether anything of it is there."""
        return self.name in catalog.running(self.paths)

    def context(self) -> Context:
        """Return what it lives in: its nodes and drivers."""
        return self.environment.context(self.name)

    def state(self) -> LabState:
        """Return its database, open; a context.

        Raises:
            NotFoundError: It has none.
            HostError: It cannot be opened, or the caller may not read it.
        """
        from nlan.state import get_state

        return get_state(self.paths.state, self.name, say=self.listener.say)

    def read(self) -> Read:
        """Read the file; what was read to find the lab's name counts once."""
        from nlan.api.runs.files import read

        assert self._source is not None
        if self._read is None or not self._is_fresh:
            self._read = read(self.environment, self._source, self.listener)
        self._is_fresh = False
        return self._read

    def known(self) -> model.Lab | None:
        """Return the lab as its database says that it shall be; None where that says nothing."""
        from nlan.state import find_state

        state = find_state(self.paths.state, self.name, say=self.listener.say)
        if state is None:
            return None
        with state:
            return state.lab()

    def faults(self, a: str | None = None, b: str | None = None) -> list[LinkFault]:
        """Return what was done to links and is not cleared: to all, or to those between two nodes."""
        from nlan.api.edits.faults import known_faults

        return known_faults(self.known(), a, b)
