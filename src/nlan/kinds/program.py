"""Programs: a process in a node, such as dnsmasq, with files of its own.

Each has a directory of its own in the node's run directory, which holds its files; what it keeps there itself
(leases) outlives a restart. A process bears nlan's mark in its environment, so that it is found by what runs,
even where the file with its number was never written. What it runs with is the receipt's and the files' to
tell: a file that somebody changed, or a change that was cut short, is a difference.
"""

from __future__ import annotations

import difflib
import os
import shutil
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import msgspec

from nlan import processes
from nlan.errors import ApplyError, NlanError, os_words
from nlan.kinds.base import Driver, Kind
from nlan.plan import Operation
from nlan.processes.files import DaemonFiles, why_not_ready, write
from nlan.resources.base import FABRIC, HOST, NAMESPACE, Difference, Impact, Key, Rank, Resource
from nlan.runtimes.base import Nodes
from nlan.system import safefiles

DIRECTORY = "{directory}"
"""Stands in arguments and files for the program's own directory."""
DEADLINE_S = 10.0
"""How long a start may take."""
LOOK_MS = 2
MARK = "NLAN_PROGRAM"
"""The variable of its environment by which a process is known: its own directory."""
RECEIPT = ".program.json"
FILE_MAX = 1 << 24
"""Bytes of one of its files."""
CUT_SHORT, STANDS_STILL = "its last change was cut short", "it stands still"
WITHOUT_ID = "the file with its process id is gone"


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a program's own directory; root's alone, so that it may hold what is secret.

    Attributes:
        name: Its name there.
        text: The whole of it.
        is_read_again: Whether the program takes a change of it by its signal, see `Program.reload`.
        is_secret: Whether a plan shows that it differs, and no line of it.
        is_executable: Whether it is a program itself.
    """

    name: str
    text: str
    is_read_again: bool = False
    is_secret: bool = False
    is_executable: bool = False


class Program(Resource, frozen=True, kw_only=True):
    """A process of a node.

    Nothing secret belongs into its arguments, which everybody on the machine can read: files are for that.

    Attributes:
        namespace: The node.
        name: Unique in the node; its directory's.
        argv: What is started, and its arguments; `DIRECTORY` stands for its own directory.
        files: Its files.
        reload: The signal (such as ``HUP``) that lets it read files again that it takes so; empty: a restart.
        ready: Words that it says once it is ready; empty where it is by running.
        package: What brings it, for who has not installed it.
        after: What should exist before it starts.
        wrong: Observed only: what is not as nlan made it, in words.
    """

    kind: ClassVar[str] = "program"
    rank: ClassVar[int] = Rank.DAEMONS + 50
    is_polled: ClassVar[bool] = True
    create_impact: ClassVar[Impact] = "hitless"
    delete_impact: ClassVar[Impact] = "restart"
    namespace: str
    name: str
    argv: tuple[str, ...]
    files: tuple[File, ...] = ()
    reload: str = ""
    ready: str = ""
    package: str = ""
    after: tuple[Key, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """One of its name per node."""
        return Key(self.kind, self.namespace, self.name)

    @property
    def program(self) -> str:
        """The program's name, as a process has it."""
        return os.path.basename(self.argv[0])

    @property
    def process(self) -> str:
        """Its name, where it does not stand still."""
        return "" if STANDS_STILL in self.wrong else self.name

    def requires(self) -> tuple[Key, ...]:
        """Its namespace, the hosts file, and what it should find."""
        return (Key(NAMESPACE, self.namespace, ""), Key("hosts", HOST, ""), *self.after)

    def difference(self, observed: Any) -> Difference | None:
        """Compare; where it takes by its signal all that differs, it goes on running."""
        changed = self.changed(observed)
        reasons = [f"{name} differs" for name in changed]
        if restarts := self.must_restart(observed):
            reasons = [*restarts, *reasons]
        if not reasons:
            return None
        lines = [line for name in changed for line in _lines(self, observed, name)]
        return Difference("restart" if restarts else "hitless", ", ".join(reasons), details=tuple(lines))

    def changed(self, observed: Program) -> list[str]:
        """Return the names of the files that differ."""
        mine, theirs = _by_name(self), _by_name(observed)
        return sorted(
            name for name in mine.keys() | theirs.keys() if _text(mine.get(name)) != _text(theirs.get(name))
        )

    def must_restart(self, observed: Program) -> list[str]:
        """Return why it has to be started again to be as wanted, in words; nothing where it has not."""
        reasons = list(observed.wrong)
        if self.argv != observed.argv:
            reasons.append("its arguments differ")
        mine = _by_name(self)
        if names := [n for n in self.changed(observed) if n not in mine or not mine[n].is_read_again]:
            reasons.append(f"it reads {', '.join(names)} at its start alone")
        return reasons


def _by_name(program: Program) -> dict[str, File]:
    return {file.name: file for file in program.files}


def _text(file: File | None) -> str | None:
    return None if file is None else file.text


def _lines(wanted: Program, seen: Program, name: str) -> Iterator[str]:
    """Yield the lines of a file that differ, unless they are nobody's business."""
    mine, theirs = _by_name(wanted).get(name), _by_name(seen).get(name)
    if any(file is not None and file.is_secret for file in (mine, theirs)):
        return
    one, other = (_text(theirs) or "").splitlines(), (_text(mine) or "").splitlines()
    for line in difflib.ndiff(one, other):
        if line[0] in "+-":
            yield line


class Files(DaemonFiles):
    """What nlan keeps of a program: in the node's run directory, and in the program's own."""

    names: ClassVar[Mapping[str, str]] = {}

    def __init__(self, directory: Path, name: str) -> None:
        """Take the node's run directory, and the program's name."""
        super().__init__(directory)
        self.own = directory / f"{name}.program"
        self._name = name

    @property
    def log(self) -> Path:
        """What it says."""
        return self.own / "output"

    @property
    def pid(self) -> Path:
        """Its process id."""
        return self.directory / f"{self._name}.pid"

    @property
    def receipt(self) -> Path:
        """What was asked, and whether it was done."""
        return self.directory / f"{self._name}{RECEIPT}"

    @property
    def mark(self) -> str:
        """What its processes have in their environment."""
        return f"{MARK}={self.own}"

    def filled(self, text: str) -> str:
        """Return a text with the program's own directory in it."""
        return text.replace(DIRECTORY, str(self.own))

    def emptied(self, text: str) -> str:
        """Return a text without it, as it is wanted."""
        return text.replace(str(self.own), DIRECTORY)


class Receipt(msgspec.Struct, frozen=True):
    """What was asked of a process, and whether it has taken that."""

    asked: Program
    is_done: bool


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
            for name in _names(self._place.directory(namespace)):
                if (found := self._observed(namespace, name)) is not None:
                    yield found

    def _observed(self, namespace: str, name: str) -> Program | None:
        files = self._files(Key(Program.kind, namespace, name))
        receipt = files.read(_receipt)
        if receipt is None or not self._running(files, namespace):
            return None
        wrong = () if receipt.is_done else (CUT_SHORT,)
        if not files.pid.exists():
            wrong = (*wrong, WITHOUT_ID)
        if processes.is_stopped(files.pid):
            wrong = (*wrong, STANDS_STILL)
        seen = tuple(_seen(files, receipt.asked))
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
        _note(files, program, is_done=True)
        return True

    def _write(self, files: Files, program: Program) -> None:
        """Write its files; what was written of it before, and is not any more, goes."""
        before = files.read(_receipt)
        _note(files, program, is_done=False)
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
            _note(files, program, is_done=True)
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


def _names(directory: Path) -> list[str]:
    """Return the names of the programs that something is written down of, in a node's run directory."""
    try:
        found = os.listdir(directory)
    except OSError:
        return []
    return sorted(name.removesuffix(RECEIPT) for name in found if name.endswith(RECEIPT))


def _leads(pid: int) -> bool:
    """Tell whether a process leads its session, as what nlan starts does, and not what that starts itself."""
    with suppress(ProcessLookupError):
        return os.getsid(pid) == pid
    return False


def _environment(pid: int) -> list[str]:
    with suppress(OSError):
        return os.fsdecode(Path(f"/proc/{pid}/environ").read_bytes()).split("\0")
    return []


def _seen(files: Files, asked: Program) -> Iterator[File]:
    """Yield its files as they are on disk."""
    for file in asked.files:
        with suppress(OSError):
            text = safefiles.read(files.own / file.name, FILE_MAX).decode(errors="replace")
            yield msgspec.structs.replace(file, text=files.emptied(text))


def _note(files: Files, asked: Program, *, is_done: bool) -> None:
    """Write down what is asked of a program; root's alone, since its files may hold keys."""
    bare = msgspec.structs.replace(asked, after=(), wrong=())
    safefiles.write(files.receipt, msgspec.json.encode(Receipt(bare, is_done)))


def _receipt(data: Any) -> Receipt:
    return msgspec.convert(data, Receipt)


class ProgramKind(Kind[Program]):
    """How programs are run and found."""

    resource = Program

    def why_not(self, desired: Program, place: Any) -> Iterable[tuple[str, str]]:
        """Say where the program is not installed."""
        if shutil.which(desired.argv[0]) is None:
            how = f"; the package {desired.package} has it" if desired.package else ""
            yield desired.name, f"{desired.argv[0]} is not installed{how}"

    def driver(self, place: Any, kinds: Sequence[Any], desired: Iterable[Resource]) -> Driver:
        """Return their driver."""
        return ProgramDriver(place)


KIND = ProgramKind()
