"""The server's loop: it is a selector like every other, only more attentive."""

from __future__ import annotations

import os
import time
from selectors import EVENT_READ

from tega.server.loop import SPIN_S, SpinningSelector, new_loop


def test_what_is_ready_comes_at_once_and_nothing_after_the_timeout() -> None:
    out, into = os.pipe()
    with SpinningSelector() as selector:
        selector.register(out, EVENT_READ, "the pipe")
        begun = time.perf_counter()
        assert selector.select(0) == []
        assert selector.select(0.05) == []
        assert time.perf_counter() - begun >= 0.05 - SPIN_S
        os.write(into, b"x")
        for timeout in (0, 0.05, None):
            ((key, mask),) = selector.select(timeout)
            assert (key.data, mask) == ("the pipe", EVENT_READ)
    os.close(out)
    os.close(into)


def test_timers_and_callbacks_run() -> None:
    loop = new_loop()
    seen: list[int] = []
    loop.call_later(0.002, seen.append, 2)
    loop.call_soon(seen.append, 1)
    loop.call_later(0.004, loop.stop)
    loop.run_forever()
    loop.close()
    assert seen == [1, 2]
