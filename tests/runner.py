"""`up` and `down` as the command does them, in a process of their own, with operations that kill or fail."""

from __future__ import annotations

import faulthandler
import os
import pickle
import signal
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

from nlan.api import Environment, Lab, Listener, Operation, Removed, Wait
from nlan.api.environment.context import Context
from nlan.errors import ApplyError, NlanError
from nlan.kinds.base import Driver

T = TypeVar("T")

DEADLINE_S = 60.0
"""What takes longer tells where it stands and ends."""


class Killer(Listener):
    """Kills its process right before an operation."""

    one_by_one = True

    def __init__(self, at: int) -> None:
        self._left = at

    def before(self, operation: Operation) -> None:
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


class Saboteur(Environment):
    """Makes the n-th operation, counted from 0, fail without touching anything; the rest is real."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self._left = at
        self.failed: Operation | None = None

    def context(self, lab: str, trace: Callable[[str], None] | None = None) -> Context:
        """Return a context whose drivers it has got at."""
        saboteur = self

        class Sabotaged(Context):
            def drivers(self, desired: object) -> list[Driver]:
                return [_Sabotaged(driver, saboteur) for driver in super().drivers(desired)]  # type: ignore[arg-type]

        return Sabotaged(self.paths, lab)

    def hits(self, operation: Operation) -> bool:
        self._left -= 1
        if self._left == -1:
            self.failed = operation
        return self._left == -1


class _Sabotaged:
    def __init__(self, driver: Driver, saboteur: Saboteur) -> None:
        self._driver, self._saboteur = driver, saboteur
        self.kinds = driver.kinds
        self.observe = driver.observe

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        outcome: dict[int, NlanError | None] = {
            n: ApplyError(operation.key.namespace, str(operation), "No such luck")
            for n, operation in enumerate(operations)
            if self._saboteur.hits(operation)
        }
        real = [n for n in range(len(operations)) if n not in outcome]
        outcome.update(zip(real, self._driver.apply([operations[n] for n in real]), strict=True))
        return [outcome[n] for n in range(len(operations))]


def up(
    lab: str, file: Path, *, kill_at: int | None = None, fail_at: int | None = None, wait: Wait = "no"
) -> list[str] | None:
    """Do what `nlan up FILE --lab LAB` does; return the operations, or None where it was killed."""
    return apart(lambda: _up(lab, file, _listener(kill_at), fail_at, wait))


def down(lab: str, *, kill_at: int | None = None) -> Removed | None:
    """Do what `nlan down LAB` does; None where it was killed."""
    return apart(lambda: Lab(lab, listener=_listener(kill_at)).down())


def _listener(kill_at: int | None) -> Listener:
    return Listener() if kill_at is None else Killer(kill_at)


def _up(lab: str, file: Path, listener: Listener, fail_at: int | None, wait: Wait) -> list[str]:
    environment = Environment() if fail_at is None else Saboteur(fail_at)
    done = Lab.from_file(file, name=lab, environment=environment, listener=listener).up(wait=wait)
    return [str(operation) for operation in done.plan.operations]


def apart(work: Callable[[], T]) -> T | None:
    """Do the work in a forked process, as a command does, and return its result; None if it is killed.

    What the work starts is nobody's child then. An error it raises is raised here.
    """
    out, into = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(out)
        _end_with(work, into)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        answer = pipe.read()
    status = os.waitpid(pid, 0)[1]
    assert status or answer
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    result = pickle.loads(answer)
    if isinstance(result, BaseException):
        raise result
    return result  # type: ignore[no-any-return]


def _end_with(work: Callable[[], T], pipe: int) -> NoReturn:
    faulthandler.dump_traceback_later(DEADLINE_S, exit=True)
    try:
        result: T | BaseException = work()
    except BaseException as error:  # noqa: BLE001 - the parent raises it
        result = _portable(error)
    with os.fdopen(pipe, "wb") as file:
        file.write(pickle.dumps(result))
    os._exit(0)


def _portable(error: BaseException) -> BaseException:
    """Return an error that survives the way: `ApplyError` whole, others by name and text."""
    if isinstance(error, ApplyError):
        return FailedError(error.node, error.operation, error.reason)
    return RuntimeError(f"{type(error).__name__}: {error}\n{traceback.format_exc()}")


class FailedError(Exception):
    """An `ApplyError` of a process apart: node, operation, reason."""
