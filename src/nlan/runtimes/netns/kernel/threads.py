"""Work that changes the thread it runs in, done on a thread that ends with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def in_thread(work: Callable[[], T]) -> T:
    """Run `work` on a thread of its own and return or raise what it did."""
    return run_all([work])[0]


def run_all(works: Sequence[Callable[[], T]]) -> list[T]:
    """Run each on a thread of its own, all at once; return what they returned, or raise the first failure."""
    results: list[list[T]] = [[] for _ in works]
    failures: list[BaseException] = []

    def body(work: Callable[[], T], result: list[T]) -> None:
        try:
            result.append(work())
        except BaseException as failure:  # noqa: BLE001 - handed to the caller, whatever it is
            failures.append(failure)

    threads = [threading.Thread(target=body, args=pair) for pair in zip(works, results, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return [result[0] for result in results]
