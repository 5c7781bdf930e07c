"""What the benchmarks share: whole commands timed, the kernel waited for, medians printed."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
RUNS = int(os.environ.get("RUNS", "5"))
ENV = os.environ | {"NLAN_STATE_DIR": tempfile.mkdtemp(prefix="nlan-bench-"), "NO_COLOR": "1"}


def nlan(*words: str, check: bool = True) -> str:
    """Run the launcher as a user does and return its output."""
    done = subprocess.run([str(ROOT / "nlan"), *words], env=ENV, capture_output=True, text=True, check=False)
    if check and done.returncode not in (0, 2):
        raise SystemExit(f"nlan {' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def timed(work: Callable[[], Any]) -> float:
    """Return how long it took, in seconds."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def medians(work: Callable[[], float], runs: int = RUNS) -> tuple[float, float, float]:
    """Return median, least and most of several runs."""
    values = [work() for _ in range(runs)]
    return statistics.median(values), min(values), max(values)


def show(what: str, values: tuple[float, float, float], unit: str, goal: str) -> None:
    """Print one row of a table."""
    middle, least, most = values
    print(f"| {what} | {middle:.3g} {unit} | {least:.3g} - {most:.3g} | {goal} |", flush=True)


def header() -> None:
    """Print the table's head."""
    print(f"| what (medians of {RUNS}) | measured | least - most | to reach |\n|---|---|---|---|")


def kernel_is_done(deadline_s: float = 30.0) -> None:
    """Wait until the kernel has freed the namespaces that went: its worker for that rests."""
    deadline = time.monotonic() + deadline_s
    quiet = 0
    while quiet < 3 and time.monotonic() < deadline:
        quiet = 0 if _frees_namespaces() else quiet + 1
        time.sleep(0.002)


def _frees_namespaces() -> bool:
    """Tell whether a kernel worker is at work on the queue "netns" (a plus in its name says so)."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                words = Path(f"/proc/{name}/comm").read_text(encoding="utf-8")
            except OSError:
                continue
            if words.startswith("kworker") and "+netns" in words:
                return True
    return False


def lab_processes(lab: str) -> list[int]:
    """Return the processes of a lab: those whose network namespace is one of its."""
    inodes = {os.stat(entry.path).st_ino for entry in os.scandir("/run/netns") if entry.name.startswith(lab)}
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.stat(f"/proc/{name}/ns/net").st_ino in inodes:
                found.append(int(name))
        except OSError:
            continue
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return user and system time of the processes, in seconds."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def children_cpu() -> float:
    """Return user and system time of this process's ended children, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def pss_kb(pid: int) -> int:
    """Return a process's proportional set size, in kB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def load_json(text: str) -> Any:
    """Return what a command printed with --json."""
    return json.loads(text)
