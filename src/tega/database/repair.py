"""When the files of a store are damaged: read what is good, move the rest aside.

Nothing here writes to the damaged files. Records carry their checksum and
that of the one before, so what is read back is either what was committed
or is not read at all.
"""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from tega.api import Change, Op, Record
from tega.engines.failures import os_error
from tega.engines.files import DATABASE, FILES, HEAD
from tega.engines.pages import rows
from tega.engines.sqlite import SqliteLog
from tega.errors import DamagedStore, StoreError
from tega.log.codec import HASH_SIZE, decode_commit, digest, from_bytes
from tega.log.state import State, advance, empty_state, loaded_state
from tega.log.stored import decode_state, stored_rev
from tega.tree.nodes import to_json, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tega.api import Commit, Json, Path, Rev


class Salvaged(NamedTuple):
    """The last good state of a damaged store."""

    rev: Rev
    """Its revision."""
    tree: Json
    """The whole tree then."""
    commits: tuple[Commit, ...]
    """Commits that lead there, as far back as they are whole."""
    records: tuple[Record, ...]
    """The same as they were stored."""
    from_start: bool
    """Whether they begin with revision 1."""
    leased: tuple[Path, ...]
    """Nodes in it that went with the lease of a session."""
    lost: str
    """What is missing, in a sentence; empty if nothing is known to be."""


def set_aside(directory: str | os.PathLike[str]) -> str | None:
    """Move the files of a store into a new folder beside them, so that a fresh one can be made.

    Nothing is overwritten or deleted. No process should have the store
    open.

    Args:
        directory: Of the store.

    Returns:
        The folder, ``damaged-DATE-TIME`` in `directory`; None if there
        was nothing to move.

    Raises:
        StoreError: The directory cannot be written.
    """
    where = os.fspath(directory)
    present = [name for name in FILES if os.path.lexists(os.path.join(where, name))]
    if not present:
        return None
    try:
        target = _new_folder(where)
        for name in present:
            os.rename(os.path.join(where, name), os.path.join(target, name))
    except OSError as error:
        raise os_error(error, where) from error
    return target


def _new_folder(where: str) -> str:
    stem = os.path.join(where, time.strftime("damaged-%Y%m%d-%H%M%S"))
    attempt = 0
    while True:
        target = f"{stem}-{attempt}" if attempt else stem
        try:
            os.mkdir(target, 0o700)
        except FileExistsError:
            attempt += 1
        else:
            return target


def salvage(directory: str | os.PathLike[str]) -> Salvaged:
    """Read the last good state of a store, whatever happened to its files.

    Args:
        directory: Of the store, or the folder that `set_aside` returned.

    Raises:
        StoreError: There is no database file, or it cannot be read.
    """
    where = os.fspath(directory)
    path = os.path.join(where, DATABASE)
    if not os.path.exists(path):
        raise StoreError(f"{where}: there is no {DATABASE} to salvage")
    try:
        records, states = _good_rows(path)
    except OSError as error:
        raise os_error(error, where) from error
    best, chain = _replay(empty_state(), records)
    for rev in sorted(states):
        if rev > best.rev:  # from those before, the records lead no further than they did already
            best, chain = _replay(_decoded(states[rev]), records)
    return _result(where, best, chain)


def _good_rows(path: str) -> tuple[dict[Rev, list[bytes]], dict[Rev, bytes]]:
    """Records and states by revision, each with a checksum that holds."""
    records: dict[Rev, list[bytes]] = {}
    states: dict[Rev, bytes] = {}
    for rowid, columns in rows(path):
        data = columns[-1] if columns else b""
        if len(data) <= HASH_SIZE or digest(data[HASH_SIZE:]) != data[:HASH_SIZE]:
            continue
        if len(columns) == 1:
            known = records.setdefault(rowid, [])
            if data not in known:
                known.append(data)
        elif columns[0].startswith(b"state-"):
            states[stored_rev(data)] = data
    return records, states


def _decoded(data: bytes) -> State:
    return loaded_state(decode_state(data, "state"))


def _replay(state: State, records: dict[Rev, list[bytes]]) -> tuple[State, list[tuple[Rev, bytes]]]:
    """Follow the chain from a state as far as it goes."""
    used: list[tuple[Rev, bytes]] = []
    while True:
        following = None
        for data in records.get(state.rev + 1, ()):
            try:
                following = advance(state, decode_commit(data, state.rev + 1))
            except DamagedStore:
                continue  # of an append that failed, or of another log: not the one that follows
            used.append((following.rev, data))
            break
        if following is None:
            return state, used
        state = following


def _result(where: str, state: State, chain: list[tuple[Rev, bytes]]) -> Salvaged:
    commits = tuple(decode_commit(data, rev) for rev, data in chain)
    records = tuple(
        Record(rev, data, from_bytes(data[HASH_SIZE:])["request_id"], commit.roots)
        for (rev, data), commit in zip(chain, commits, strict=True)
    )
    committed = _sealed(where)
    lost = ""
    if committed > state.rev:
        lost = f"revisions {state.rev + 1} to {committed} were committed and cannot be read any more"
    from_start = bool(chain) and chain[0][0] == 1
    leased = tuple(path for path, node in walk(state.root) if node.lease is not None)
    return Salvaged(state.rev, to_json(state.root), commits, records, from_start, leased, lost)


def _sealed(where: str) -> Rev:
    from tega.engines.head import Head

    if not os.path.exists(os.path.join(where, HEAD)):
        return 0
    try:
        head = Head(os.path.join(where, HEAD), writable=False)
    except (OSError, ValueError):
        return 0  # the head file is damaged as well: nothing is known
    known = head.read()
    head.close()
    return known[0] if known is not None else 0


def restore(salvaged: Salvaged, directory: str | os.PathLike[str]) -> Rev:
    """Make a fresh store of what was salvaged; returns its newest revision.

    With all commits from the first one the new store has the same
    revisions and hashes; else it begins with one commit that puts the tree.
    Nodes of leases are removed, as their sessions are gone.

    Raises:
        StoreError: The directory holds a store already, or cannot be written.
    """
    from tega.database.database import Database

    where = os.fspath(directory)
    if any(os.path.lexists(os.path.join(where, name)) for name in FILES):
        raise StoreError(f"{where}: there is a store already; set it aside first")
    log = SqliteLog(where)
    if salvaged.from_start:
        with log.hold():
            log.append(salvaged.records, expect_last=0)
    with Database(log) as database:
        changes = [Change(Op.DELETE, path) for path in salvaged.leased]
        if not salvaged.from_start and salvaged.tree:
            changes.insert(0, Change(Op.PUT, (), salvaged.tree))
        if changes:
            database.commit(changes, author="tega", message=f"salvaged from revision {salvaged.rev}")
        return database.head()
