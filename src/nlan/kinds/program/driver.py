"""The driver of programs: starts them, tells them of changes, ends them, and finds them again."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from nlan import processes
from nlan.errors import ApplyError, NlanError, os_words
from nlan.kinds.program.files import MARK, Files, names_in, note, parse_receipt, seen_files
from nlan.kinds.program.resource import CUT_SHORT, STANDS_STILL, WITHOUT_ID, Program
from nlan.plan import Operation
from nlan.processes.files import why_not_ready, write
from nlan.resources.base import FABRIC, Key
from nlan.runtimes.base import Nodes
from nlan.system import safefiles

DEADLINE_S = 10.0
"""How long a start may take."""
LOOK_MS = 2


class Started(NamedTuple):
    """A program that was started just now; its descriptor is to be closed."""

    program: Program
    pid: int
    pidfd: int


class ProgramDriver:
    """Starts programs, tells them of changes, ends them, and finds them again."""

    kinds: tuple[str, ...] = (Program.kind,)

    def __init__(self, place: Nodes) -> None:
        """Work in that place."""
        self._place = place

    # Looking

    def observe(self, namespaces: Sequence[str]) -> Iterator[Program]:
        """Yield the programs that run."""
        for namespace in namespaces:
            if namespace.startswith(FABRIC[0]):
                continue
            for name in names_in(self._place.directory(namespace)):
                if (found := self._observed(namespace, name)) is not None:
                    yield found

    def _observed(self, namespace: str, name: str) -> Program | None:
        files = self._files(Key(Program.kind, namespace, name))
        receipt = files.read(parse_receipt)
        if receipt is None or not self._running(files, namespace):
            return None
        wrong = () if receipt.is_done else (CUT_SHORT,)
        if not files.pid.exists():
            wrong = (*wrong, WITHOUT_ID)
        if processes.is_stopped(files.pid):
            wrong = (*wrong, STANDS_STILL)
        seen = tuple(seen_files(files, receipt.asked))
        return msgspec.structs.replace(receipt.asked, files=seen, after=(), wrong=wrong)

    def _running(self, files: Files, namespace: str) -> list[int]:
        """Return the process id of a program that runs, by its file; where that is lost, by what runs."""
        with suppress(OSError, ValueError):
            pid = int(safefiles.read(files.pid, processes.PID_MAX))
            if files.mark in _environment(pid):
                return [pid]
        return [pid for pid in self._marked(files, namespace) if _leads(pid)]

    def _marked(self, files: Files, namespace: str) -> list[int]:
        """Return all processes that are a program's, those that it started itself, too."""
        running = self._place.all_processes([namespace])[namespace]
        return [pid for pid in running if files.mark in _environment(pid)]

    def _files(self, key: Key) -> Files:
        return Files(self._place.directory(key.namespace), key.name)

    # Changing

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Start all that is new at once; change and end the others."""
        outcome: dict[Key, NlanError | None] = {}
        started: list[Started] = []
        for operation in operations:
            try:
                started += self._carry_out(operation)
            except OSError as error:
                outcome[operation.key] = _failed(operation, os_words(error))
            except ApplyError as error:
                outcome[operation.key] = error
            except NlanError as error:
                outcome[operation.key] = _failed(operation, str(error))
        for one in started:
            outcome[one.program.key] = self._settle(one)
        return [outcome.get(operation.key) for operation in operations]

    def _carry_out(self, operation: Operation) -> Iterator[Started]:
        """End or tell a program, or start it, and yield it then."""
        if not isinstance(operation.desired, Program):
            self._end(operation.key)
        elif not self._tell(operation.desired):
            yield self._start(operation.desired)

    def _tell(self, program: Program) -> bool:
        """Tell a program that runs of what differs, if it takes all of that; return whether it did."""
        observed = self._observed(program.namespace, program.name)
        if observed is None or program.must_restart(observed):
            return False
        files = self._files(program.key)
        if program.changed(observed):
            self._write(files, program)
            for pid in self._running(files, program.namespace):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.Signals[f"SIG{program.reload}"])
        note(files, program, is_done=True)
        return True

    def _write(self, files: Files, program: Program) -> None:
        """Write its files; what was written of it before, and is not any more, goes."""
        before = files.read(parse_receipt)
        note(files, program, is_done=False)
        names = {file.name for file in program.files}
        for file in before.asked.files if before is not None else ():
            if file.name not in names:
                safefiles.remove(files.own / file.name)
        for file in program.files:
            mode = 0o700 if file.is_executable else 0o600
            safefiles.write(files.own / file.name, files.filled(file.text).encode(), mode=mode)

    def _start(self, program: Program) -> Started:
        self._place.make_directory(program.namespace)
        files = self._files(program.key)
        self._stop(program.key)
        files.own.mkdir(mode=0o700, exist_ok=True)
        self._write(files, program)
        safefiles.remove(files.log)
        argv = [files.filled(word) for word in program.argv]
        environment = {**os.environ, MARK: str(files.own)}
        pid = self._place.spawn(program.namespace, argv, output=files.log, env=environment)
        write(files.pid, str(pid))
        return Started(program, pid, os.pidfd_open(pid))

    def _settle(self, started: Started) -> NlanError | None:
        """Wait until it is ready: until it is itself, and no copy of who starts it, and says so."""
        program = started.program
        files, operation = self._files(program.key), f"start {program.name}"

        def is_ready() -> bool:
            return files.mark in _environment(started.pid) and program.ready in files.log_text()

        try:
            if why := why_not_ready(started.pidfd, is_ready, DEADLINE_S, LOOK_MS):
                return ApplyError(program.namespace, operation, f"{why}: {files.last_words()}")
            note(files, program, is_done=True)
        except OSError as error:
            return ApplyError(program.namespace, operation, os_words(error))
        finally:
            os.close(started.pidfd)
        return None

    def _stop(self, key: Key) -> None:
        """End its processes.

        Raises:
            ApplyError: They do not end.
        """
        files, found = self._files(key), {}
        for pid in self._marked(files, key.namespace):
            with suppress(ProcessLookupError):
                pidfd = os.pidfd_open(pid)
                if files.mark in _environment(pid):  # and not of another that has the number by now
                    found[pidfd] = key
                else:
                    os.close(pidfd)
        if processes.end(found):
            raise ApplyError(key.namespace, f"stop {key.name}", "it does not end, not even by SIGKILL")

    def _end(self, key: Key) -> None:
        """End it, and remove what it leaves behind."""
        files = self._files(key)
        self._stop(key)
        shutil.rmtree(files.own, ignore_errors=True)
        for path in (files.pid, files.receipt):
            safefiles.remove(path)


def _failed(operation: Operation, why: str) -> ApplyError:
    return ApplyError(operation.key.namespace, str(operation), why)


def _leads(pid: int) -> bool:
    """Tell whether a process leads its session, as what nlan starts does, and not what that starts itself."""
    with suppress(ProcessLookupError):
        return os.getsid(pid) == pid
    return False


def _environment(pid: int) -> list[str]:
    with suppress(OSError):
        return os.fsdecode(Path(f"/proc/{pid}/environ").read_bytes()).split("\0")
    return []
