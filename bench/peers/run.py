"""One WAN under nlan and, beside it, under each peer that is installed: seconds until converged, and to stop.

python bench/peers/run.py                            examples/wan-bgp.yaml
RUNS=3 python bench/peers/run.py examples/wan-ospf.yaml
MUNET_PYTHON=/tmp/munet/bin/python python bench/peers/run.py

A peer's Python is the system's, the one beside its command, or what MININET_PYTHON or MUNET_PYTHON
says. What is not installed is named, and left out.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from common_lab import describe

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common import ENV, ROOT, RUNS, header, show  # noqa: E402 - the folder above is no package
from labs import cycles  # noqa: E402


class Peer(NamedTuple):
    """A tool to compare with."""

    name: str
    script: str
    command: str
    """Its program, beside which its Python is where it has a virtual environment of its own."""
    get: str
    prefix: tuple[str, ...] = ()


PEERS = (
    Peer("Mininet", "mininet_wan.py", "mn", "apt-get install mininet bridge-utils"),
    # munet enters the namespaces of process 1, which a sandbox may forbid: it gets one of its own.
    Peer(
        "munet",
        "munet_wan.py",
        "munet",
        "pip install munet; apt-get install procps",
        ("unshare", "--pid", "--fork", "--mount-proc"),
    ),
)


def find_python(peer: Peer) -> str | None:
    """Return a Python that can import the peer."""
    found = (python for python in _pythons(peer) if _imports(python, peer.name.lower()))
    return next(found, None)


def _pythons(peer: Peer) -> Iterator[str]:
    named = os.environ.get(f"{peer.name.upper()}_PYTHON")
    if named:
        yield named
    yield "/usr/bin/python3"
    command = shutil.which(peer.command)
    if command:
        yield str(Path(command).resolve().with_name("python"))


def _imports(python: str, module: str) -> bool:
    if shutil.which(python) is None:
        return False
    words = [python, "-c", f"import {module}"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def measure(peer: Peer, python: str, lab: Path) -> dict[str, float]:
    """Run the peer's script once and return its spans in seconds."""
    words = [*peer.prefix, python, str(HERE / peer.script), str(lab)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{peer.name}: exit code {done.returncode}: {done.stderr.strip()[-2000:]}")
    spans: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return spans


def rows(name: str, results: list[dict[str, float]]) -> None:
    """Print a row for each span."""
    for span, what in (
        ("built", "nodes and links made, daemons started"),
        ("converged", "… and converged"),
        ("stopped", "stopped"),
    ):
        values = sorted(result[span] for result in results)
        show(f"{name}: {what}", (values[len(values) // 2], values[0], values[-1]), "s", "-")


def main() -> None:
    file = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "examples/wan-bgp.yaml").resolve()
    pythons = {peer: find_python(peer) for peer in PEERS}
    for peer, python in pythons.items():
        if python is None:
            print(f"{peer.name} is not installed and left out: {peer.get}", file=sys.stderr)
    print(f"Load before: {os.getloadavg()[0]:.1f}\n")
    header()
    try:
        ups, downs, _ = cycles(str(file), "bench")
    finally:
        subprocess.run([str(ROOT / "nlan"), "down", "bench"], env=ENV, capture_output=True, check=False)
    show("nlan: `nlan up`, whole command, converged, with the overlay", ups, "s", "-")
    show("nlan: `nlan down` until the kernel is done", downs, "s", "-")
    with tempfile.TemporaryDirectory(prefix="nlan-peer-") as directory:
        Path(directory).chmod(0o755)
        describe(file, Path(directory))
        for peer, python in pythons.items():
            if python is not None:
                rows(peer.name, [measure(peer, python, Path(directory) / "lab.json") for _ in range(RUNS)])


if __name__ == "__main__":
    main()
