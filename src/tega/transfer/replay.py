"""Importing the history of a store into an empty one: the same revisions, hashes, authors and times.

The lines of an export hold each record as it was stored, and the state
before the first one where the beginning was forgotten. So what comes out
is proved by the chain itself, not only by the checksum of the export.
"""

from __future__ import annotations

from typing import NamedTuple

from tega.api import Record
from tega.database.committing import is_own_id
from tega.errors import DamagedStore, ImportRefused, KnownRequest, WrongLast
from tega.log.codec import decode_commit
from tega.log.records import state_name
from tega.log.state import advance, empty_state, loaded_state
from tega.log.stored import decode_state
from tega.transfer.lines import read_export
from tega.tree.comparing import unleased
from tega.values import same_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tega.api import Commit
    from tega.database.database import Database
    from tega.log.state import State


class _History(NamedTuple):
    base: State
    """What the first record follows."""
    written: bytes | None
    """That state as it was stored; None for the empty one."""
    records: list[Record]
    last: Commit


def import_history(database: Database, lines: Iterable[bytes], *, dry_run: bool = False) -> Commit:
    """Make an empty store what the exported one was, as far back as its history was kept.

    Nodes of leases come as they were; as their sessions are gone, they go
    when leases are looked after next (`Database.expire`).

    Args:
        database: Where to; nothing was ever committed there.
        lines: What `tega.transfer.export_lines` gave with `history`.
        dry_run: Only see whether it could be done.

    Returns:
        The newest commit.

    Raises:
        ImportRefused: The lines are no whole export with a history, or
            the store is not empty; nothing was written.
    """
    history = _read(lines)
    if database.head():
        raise ImportRefused(
            "a history can only be imported into an empty store, and this one is at revision "
            f"{database.head()}; import the state alone, or take another directory"
        )
    if not dry_run:
        _adopt(database, history)
    return history.last


def _adopt(database: Database, history: _History) -> None:
    written = None if history.written is None else (state_name(history.base.rev), history.written)
    try:
        database.adopt(history.records, history.base.rev, written)
    except WrongLast as error:
        raise ImportRefused("somebody committed meanwhile; a history needs an empty store") from error
    except KnownRequest as error:
        raise ImportRefused("two commits of the history have one request id") from error
    database.snapshot()


def _read(lines: Iterable[bytes]) -> _History:
    export = read_export(lines)
    if not export.head.get("history") or not export.commits:
        raise ImportRefused("the export holds no history; export it with history, or import its state alone")
    base = empty_state()
    try:
        if export.state is not None:
            base = loaded_state(decode_state(export.state, "state"))
        state, records = base, []
        for data in export.commits:
            commit = decode_commit(data, state.rev + 1)
            state = advance(state, commit)
            request_id = "" if is_own_id(commit.request_id) else commit.request_id
            records.append(Record(commit.rev, data, request_id, commit.roots))
    except DamagedStore as error:
        raise ImportRefused(f"the history of the export is not whole: {error.found}") from error
    if state.rev != export.head.get("rev") or not same_json(unleased(state.root), export.tree):
        raise ImportRefused("the history of the export does not lead to its state")
    return _History(base, export.state, records, commit)
