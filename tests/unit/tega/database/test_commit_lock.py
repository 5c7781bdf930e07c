"""Threads that take turns to commit: nobody is forgotten, whoever lets go of the lock."""

from __future__ import annotations

from collections import deque
from threading import Event, Lock, Thread
from typing import NoReturn

import pytest

from tega.api import Change, Entry, Op
from tega.database import Database
from tega.database.commit_lock import CommitLock, open_gate
from tega.database.group import Request
from tega.engines.memory import MemoryLog

DEADLINE_S = 20.0


def request() -> Request:
    return Request((), None, "", "", None)


def joined(threads: list[Thread]) -> None:
    for thread in threads:
        thread.join(DEADLINE_S)
    assert not any(thread.is_alive() for thread in threads)


def test_threads_that_commit_beside_others_that_hold_the_lock_all_end() -> None:
    with Database(MemoryLog()) as database:

        def write(who: int) -> None:
            for number in range(100):
                commit = database.commit([Change(Op.PUT, (f"r{who}",), number)])
                assert commit.changes[0].path == (f"r{who}",)

        def look() -> None:
            for _ in range(300):
                database.leases()
                database.subscribe(lambda _: None)()

        threads = [Thread(target=write, args=(who,), daemon=True) for who in range(12)]
        threads += [Thread(target=look, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        joined(threads)
        assert database.head() == 1200
        assert database.get().value == {f"r{who}": 99 for who in range(12)}  # type: ignore[union-attr]


def test_a_request_that_is_done_needs_no_lock() -> None:
    queue: deque[Request] = deque()
    lock = CommitLock(queue)
    waiting = request()
    took: list[bool] = []
    thread = Thread(target=lambda: took.append(lock.take(waiting)), daemon=True)
    with lock:
        thread.start()
        waiting.end()
        joined([thread])
    assert took == [False]


def test_whoever_lets_go_wakes_the_first_that_waits() -> None:
    queue: deque[Request] = deque()
    lock = CommitLock(queue)
    waiting = request()
    queue.append(waiting)
    took: list[bool] = []
    thread = Thread(target=lambda: took.append(lock.take(waiting)), daemon=True)
    with lock:
        thread.start()
    joined([thread])
    assert took == [True]


class Interrupted:
    """A gate whose sleeper gets Control-C when it wakes."""

    def __init__(self) -> None:
        self._gate = Lock()
        self.asleep = Event()

    def acquire(self) -> bool:
        if not self._gate.locked():
            return self._gate.acquire()
        self.asleep.set()
        self._gate.acquire()
        raise KeyboardInterrupt

    def release(self) -> None:
        self._gate.release()


def test_one_who_is_interrupted_leaves_the_turn_to_the_next() -> None:
    first, second = request(), request()
    lock = CommitLock(deque((first, second)))
    gate = Interrupted()
    first.gate = gate  # type: ignore[assignment]
    second.gate.acquire()
    second.waits = True
    raised: list[BaseException] = []

    def interrupted() -> None:
        try:
            lock.take(first)
        except KeyboardInterrupt as error:
            raised.append(error)

    sleeper = Thread(target=interrupted, daemon=True)
    with lock:
        sleeper.start()
        assert gate.asleep.wait(DEADLINE_S)
    joined([sleeper])
    assert len(raised) == 1
    assert second.gate.acquire(timeout=DEADLINE_S)


def test_a_gate_may_be_opened_twice() -> None:
    gate = Lock()
    gate.acquire()
    open_gate(gate)
    open_gate(gate)
    assert gate.acquire(blocking=False)


def test_a_log_that_cannot_be_held_fails_whoever_waits() -> None:
    class Refusing(MemoryLog):
        def hold(self) -> NoReturn:  # type: ignore[override]
            raise OSError("no")

    with Database(Refusing()) as database:
        with pytest.raises(OSError, match="no"):
            database.put("a", 1)
        assert not database._queue


def test_the_recent_past_is_read_while_others_commit() -> None:
    with Database(MemoryLog()) as database:
        for number in range(5):
            database.put("a", number)

        class Beside(int):
            """A revision at whose comparison somebody commits."""

            def __eq__(self, other: object) -> bool:
                database.put("b", 1)
                return int(self) == other

            __hash__ = int.__hash__

        assert database.get("a", at=Beside(2)) == Entry(("a",), 1, 2)
