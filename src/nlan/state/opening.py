"""Finding and opening the databases of labs: made where there is none, read where it cannot be written."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from nlan.errors import HostError, InputError, NotFoundError
from nlan.state.database import LabState
from nlan.values import is_name, natural
from tega.database import Database, open_database
from tega.errors import DamagedStore, StoreError

Say = Callable[[str], None]
"""Takes what the person at the terminal should know."""
Opener = Callable[..., Database]
"""Opens the database in a directory, as `tega.database.open_database` does."""


def database_path(state: Path, lab: str) -> Path:
    """Return the directory of a lab's database.

    Raises:
        InputError: That is no lab's name; a path must not lead elsewhere.
    """
    if not is_name(lab):
        raise InputError(f"`{lab}` cannot be a lab's name")
    return state / lab / "tega"


def known_labs(state: Path) -> list[str]:
    """Return the labs that have a database, sorted.

    Raises:
        HostError: The caller may not see them.
    """
    try:
        return sorted((entry.name for entry in state.iterdir() if _is_there(entry / "tega")), key=natural)
    except FileNotFoundError:
        return []
    except PermissionError as error:
        raise HostError(f"{state}: cannot be read: {error.strerror}; run this with sudo") from error


def _is_there(directory: Path) -> bool:
    """Tell whether there is such a directory, as far as the caller can see."""
    try:
        return directory.is_dir()
    except PermissionError:
        return True


def forget(state: Path, lab: str) -> bool:
    """Remove a lab's database, and tell whether there was one."""
    directory = database_path(state, lab).parent
    if not directory.is_dir():
        return False
    import shutil  # 2 ms, and most databases stay

    try:
        shutil.rmtree(directory)
    except OSError as error:
        raise HostError(f"{lab}: its database cannot be removed: {error}") from error
    return True


def open_state(state: Path, lab: str, *, say: Say | None = None, opener: Opener = open_database) -> LabState:
    """Open a lab's database, new where there is none.

    A damaged database is set aside, never overwritten, and `say` is called with where it is now.

    Raises:
        HostError: It cannot be opened or made.
    """
    directory = database_path(state, lab)
    try:
        # Files may hold passwords of BGP sessions: nobody else reads them.
        directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
        return LabState(_open(directory, say, opener), lab)
    except PermissionError as error:
        why = f"{error.strerror}; run this with sudo"
        raise HostError(f"{lab}: its database cannot be opened: {why}") from error
    except (StoreError, OSError) as error:
        raise HostError(f"{lab}: its database cannot be opened: {error}") from error


def find_state(
    state: Path, lab: str, *, say: Say | None = None, opener: Opener = open_database
) -> LabState | None:
    """Open a lab's database, or return None where it has none that the caller can read.

    What cannot be written (the disk is full, say) can be read all the same.
    """
    directory = database_path(state, lab)
    if not _is_there(directory):
        return None
    try:
        return open_state(state, lab, say=say, opener=opener)
    except HostError as error:
        why, found = str(error), None
    with contextlib.suppress(StoreError, OSError):
        found = LabState(opener(directory, read_only=True), lab)
    if say is not None:
        say(why if found is None else f"{why}. It is read as it was last")
    return found


def get_state(state: Path, lab: str, *, say: Say) -> LabState:
    """Open the database that a lab has, as `find_state` does.

    Raises:
        NotFoundError: It has none.
        HostError: It cannot be opened, or the caller may not read it.
    """
    notes: list[str] = []
    found = find_state(state, lab, say=notes.append)
    if found is None:
        raise HostError("\n".join(notes)) if notes else NotFoundError(f"nothing is known of a lab {lab}")
    for line in notes:
        say(line)
    return found


def _open(directory: Path, say: Say | None, opener: Opener) -> Database:
    try:
        database = opener(directory)
        database.expire()  # what a killed `nlan keep` left behind
        return database
    except DamagedStore as error:
        from tega.database.repair import set_aside

        aside = set_aside(directory)
        if say is not None:
            say(f"{error}\nthe damaged database is set aside as {aside}; history and allocations begin anew")
        return opener(directory)
