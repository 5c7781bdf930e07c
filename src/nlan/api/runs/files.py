"""The file that a lab comes from, read with what the lab's database holds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nlan.api import catalog
from nlan.errors import HostError, InputError, OvertakenError
from nlan.schema import Allocations, Loaded
from nlan.schema import load as load_file

if TYPE_CHECKING:
    from nlan import model
    from nlan.api.environment import Environment
    from nlan.api.lab import Lab
    from nlan.api.listener import Listener
    from nlan.api.runs.request import Applied, Options
    from nlan.paths import Paths
    from nlan.plan import Plan


class Known(NamedTuple):
    """What a lab's database holds of where it came from.

    Attributes:
        allocations: What its names were given.
        file: The file that it was last brought up from.
        text: What stood in it.
        lab: The lab as it shall be, where it shall be up.
    """

    allocations: Allocations = Allocations()
    file: str = ""
    text: str = ""
    lab: model.Lab | None = None

    def with_lasting(self, lab: model.Lab) -> model.Lab:
        """Return a lab of the file with what was done to the one that is up and no file says."""
        return lab if self.lab is None else lab.keeping(self.lab)


class Source(NamedTuple):
    """Where a lab is written.

    Attributes:
        path: Of the file, as the user wrote it.
        name: The lab's, where the user named one; else the file's own.
        text: What stands in it, where it is not to be read.
        told: What the user tells whoever reads another tool's file.
    """

    path: str
    name: str | None = None
    text: str | None = None
    told: Mapping[str, str] = {}


class Read(NamedTuple):
    """A file as it was read.

    Attributes:
        source: Where it is.
        loaded: The lab that it describes.
        known: What was known of the lab.
    """

    source: Source
    loaded: Loaded
    known: Known

    @property
    def kept_path(self) -> str:
        """The file's path, for the database; empty where it is a pipe or a text, gone afterwards."""
        path = Path(self.source.path).resolve()
        return str(path) if self.source.text is None and path.is_file() else ""


def read(environment: Environment, source: Source, listener: Listener) -> Read:
    """Read a file with what its lab's database holds; its warnings go to the listener.

    Raises:
        InputError: The file is wrong.
    """
    from nlan.api.doctor.requirements import warnings

    known = Known()

    def recall(lab: str) -> Allocations:
        nonlocal known
        known = _known(environment, lab, listener)
        return known.allocations

    loaded = load_file(
        Path(source.path), lab=source.name, allocations=recall, text=source.text, told=source.told
    )
    machine = warnings(loaded.lab, environment.engines, source.path, loaded.lines, loaded.raw)
    for warning in (*loaded.warnings, *machine):
        listener.warning(warning)
    return Read(source, loaded, known)


def _known(environment: Environment, lab: str, listener: Listener) -> Known:
    """Return what the lab's database holds; nothing where the caller cannot read it, and says so."""
    from nlan.state import database_path, find_state

    state_directory = environment.paths.state
    directory = database_path(state_directory, lab)
    if not environment.privileges.may_read(directory):
        if directory.parent.exists():
            listener.say(f"note: only root can read what {lab} remembers: its names may have other addresses")
        return Known()
    state = find_state(state_directory, lab, say=listener.say)
    if state is None:
        return Known()
    with state:
        return Known(state.allocations(), *state.source(), state.lab() if state.was_up() else None)


def other_file(paths: Paths, found: Read) -> str:
    """Return the file that a running lab of the name comes from, where it is another one than this.

    A lab that the user named is meant, whatever it came from. A file that is there no more was moved, and
    one with the same text describes the same network.
    """
    source, loaded, known = found
    same = known.file in ("", str(Path(source.path).resolve())) or known.text == loaded.source
    if source.name is not None or same or not os.path.isfile(known.file):
        return ""
    return known.file if loaded.lab.name in catalog.running(paths) else ""


def plan_of(lab: Lab, found: Read, *, exclusive: bool = False) -> Plan:
    """Return the plan from what runs; where nothing runs, nobody needs a privilege to see that.

    Raises:
        HostError: The lab runs, and only root can see how its nodes are.
    """
    from nlan.api.runs.lifecycle import planned

    if not lab.environment.privileges.is_root:
        if lab.name in catalog.running(lab.paths):
            raise HostError(
                f"{lab.name} runs, and only root can see how its nodes are: run this with sudo "
                "(a lab that does not run is planned without; `nlan show` checks the file without)"
            )
        from nlan.expand import expand
        from nlan.plan import plan

        return plan(expand(found.loaded.lab, lab.environment.engines, lab.environment.registry), {})
    return planned(lab.context(), found.known.with_lasting(found.loaded.lab), exclusive=exclusive)


def bring_up(lab: Lab, options: Options, *, replace: bool, strict: bool, exclusive: bool) -> Applied:
    """Build the network of the lab's file, or change the running one into it.

    Raises:
        InputError: A lab of the name runs from another file, and is not to be replaced.
        NlanError: As `run_change` does.
    """
    from nlan.api.runs.request import Request
    from nlan.api.runs.running import run_change

    lab.environment.privileges.need_root()
    while True:
        found = lab.read()
        other = "" if replace else lab.other_file
        if other:
            raise InputError(
                f"a lab {lab.name} runs already, from {other}: `--lab NAME` gives this one another name, "
                f"`--replace` turns {lab.name} into it"
            )
        loaded = found.loaded
        request = Request(
            lab=found.known.with_lasting(loaded.lab),
            allocations=loaded.allocations,
            source=(found.kept_path, loaded.source),
            message=options.get("message", ""),
            wait=options.get("wait", "converged"),
            timeout_s=options.get("timeout_s", 60.0),
            confirm_s=options.get("confirm_s"),
            lines=loaded.lines,
            raw=loaded.raw,
            strict=strict,
            exclusive=exclusive,
            known=found.known.allocations,
        )
        try:
            return run_change(lab, request)
        except OvertakenError:
            continue  # somebody else gave names to the same lab
