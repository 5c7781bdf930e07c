"""A recorded log means the same to every version of the code: bytes, hashes, state."""

from __future__ import annotations

from pathlib import Path

import pytest

from tega.api import Record
from tega.database import Database
from tega.engines.memory import MemoryLog
from tega.errors import DamagedStore
from tega.log.codec import decode_commit, digest, encode_commit

LOG = Path(__file__).parents[3] / "cases" / "tega" / "log-1.jsonl"
"""Payloads of format 1 as they were stored, one a line. Never to be changed: a new format gets a new file."""

HEAD_HASH = "6dc7a99d371fc3ec4de689eddd655dd6f79b583f1674a47b9abc33255c8277f9"
STATE_HASH = "428aca01238fc533014f74ee16b29d682adc416c63b882fed89e1c930defdb96"


def records() -> list[Record]:
    made = []
    for rev, payload in enumerate(LOG.read_bytes().splitlines(), 1):
        data = digest(payload) + payload
        commit = decode_commit(data, rev)
        made.append(Record(rev, data, commit.request_id, commit.roots))
    return made


def test_the_recorded_log_replays_to_the_recorded_hashes() -> None:
    log = MemoryLog()
    log.append(records(), expect_last=0)
    with Database(log) as database:
        assert database.verify().hex() == HEAD_HASH
        assert database.state_hash().hex() == STATE_HASH
        assert database.versions()["config-pe1"] > 1
        database.snapshot()
        assert database.verify().hex() == HEAD_HASH


def test_the_recorded_commits_are_encoded_to_the_same_bytes() -> None:
    for record in records():
        commit = decode_commit(record.data, record.rev)
        again = encode_commit(
            commit.rev,
            commit.time,
            commit.author,
            commit.message,
            commit.request_id,
            commit.changes,
            commit.roots,
            commit.prev_hash,
            commit.reverts,
        )
        assert again == record.data


def test_a_log_with_one_commit_exchanged_is_refused() -> None:
    made = records()
    other = made[4].data[32:].replace(b'"k3":3', b'"k3":4')
    assert other != made[4].data[32:]
    made[4] = made[4]._replace(data=digest(other) + other)
    log = MemoryLog()
    log.append(made, expect_last=0)
    with pytest.raises(DamagedStore, match="revision 6 does not follow"):
        Database(log)
