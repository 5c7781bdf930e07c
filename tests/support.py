"""What tests share: the command run as a user runs it, the machine compared before and after."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from nlan.engines.frr.programs import has_manager

ROOT = Path(__file__).resolve().parent.parent
FULL_FORM = ROOT / "tests/cases/full-form"
_BESIDE = ROOT.parent / "shared" / "compat"
OLDER = [path for name in ("ptn-bgp", "ptn-ospf") if (path := _BESIDE / f"{name}.yaml").exists()]
"""Files of a former nlan, where somebody keeps them beside the repository; nothing rests on them alone."""
STATES = sorted(path for name in ("all_dvr", "hub_and_spoke") if (path := _BESIDE / f"{name}.yaml").exists())
"""State files of neutron-lan, likewise; their rosters stand beside them."""
WITH_CHAINS = [path for path in (_BESIDE / "state.yaml",) if path.exists()]
"""That one of them which has a function."""
EXAMPLES = ROOT / "examples"


class Answer(NamedTuple):
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Nlan:
    """`nlan` as a process of its own, with a state directory of its own; labs are named by `prefix`."""

    def __init__(self, directory: Path, prefix: str) -> None:
        self.directory, self.prefix = directory, prefix
        self.under: tuple[str, ...] = ()
        """Words before its own, such as those that run it in another namespace."""
        self.env = os.environ | {"NLAN_STATE_DIR": str(directory / "state"), "NO_COLOR": "1"}

    def argv(self, *words: str) -> list[str]:
        return [*self.under, sys.executable, "-m", "nlan", *words]

    def run(self, *words: str, timeout: float = 120) -> Answer:
        done = subprocess.run(
            self.argv(*words), env=self.env, capture_output=True, text=True, timeout=timeout, check=False
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def __call__(self, *words: str, code: int = 0, timeout: float = 120) -> Answer:
        answer = self.run(*words, timeout=timeout)
        assert answer.code == code, f"nlan {' '.join(words)}: exit {answer.code}\n{answer.out}\n{answer.err}"
        return answer

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.argv(*words), env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def running(self) -> list[str]:
        """Return the labs that run: those that are remembered are listed too."""
        return [row["lab"] for row in self("ls", "--json").json if row["state"] == "running"]

    def name(self, suffix: str = "") -> str:
        return f"{self.prefix}{suffix}"

    def write(self, text: str, name: str = "lab.yaml") -> str:
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def inside(self, lab: str, node: str, *command: str, code: int = 0) -> str:
        """Run a command in a node and return its output."""
        return self("exec", node, "-l", lab, "--", *command, code=code).out

    def routes(self, lab: str) -> dict[str, set[str]]:
        """Return the destinations in each node's main table."""
        answers = self("exec", "-l", lab, "--all", "--json", "--", "ip", "-j", "route").json
        return {node: {r["dst"] for r in json.loads(a["stdout"] or "[]")} for node, a in answers.items()}

    def holders(self, lab: str) -> dict[str, str]:
        """Return which node holds each address of the lab."""
        nodes = self.status(lab)["nodes"]
        return {
            address.partition("/")[0]: name
            for name, node in nodes.items()
            for addresses in node["addresses"].values()
            for address in addresses
        }

    def status(self, lab: str) -> Any:
        """Return the lab's status, whatever the exit code."""
        return self.run("status", lab, "--json").json

    def hops(self, lab: str, source: str, target: str) -> list[str]:
        """Return the nodes that answer a traceroute, the target included."""
        holders = self.holders(lab)
        lines = self.inside(lab, source, "traceroute", "-n", "-q1", "-w2", target).splitlines()[1:]
        return [holders.get(line.split()[1], line.split()[1]) for line in lines]

    def operations(self, *words: str) -> list[str]:
        """Return what `nlan plan WORDS` lists, an operation a line: sign, namespace, kind, name, impact."""
        answer = self.run("plan", *words, "--json")
        assert answer.code in (0, 2), answer.err
        operations = answer.json["operations"]
        assert answer.code == (2 if operations else 0)
        return [operation_text(operation) for operation in operations]

    @contextlib.contextmanager
    def pinging(self, lab: str, source: str, target: str, interval_s: float = 0.05) -> Iterator[None]:
        """Ping every so often for the length of the block; nothing may be lost."""
        words = ("ping", "-n", "-O", "-i", str(interval_s), target)
        process = self.start("exec", source, "-l", lab, "--", *words)
        assert process.stdout is not None
        first = process.stdout.readline() + process.stdout.readline()
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            said = first + process.communicate(timeout=10)[0]
        assert "time=" in first, said
        assert " 0% packet loss" in said, said
        assert "no answer" not in said, said

    def vtysh(self, lab: str, node: str, *lines: str) -> str:
        words = [word for line in lines for word in ("-c", line)]
        return self.inside(lab, node, "vtysh", *words)

    def sessions(self, lab: str) -> dict[str, int]:
        """Return ``connectionsEstablished`` of every FRR session, by ``node peer``."""
        counts = {}
        words = ("exec", "-l", lab, "--all", "--json", "--", "vtysh", "-c", "show bgp neighbors json")
        nodes = self.run(*words).json  # a node without FRR answers with an error
        for node, result in nodes.items():
            if result["exit"] == 0 and result["stdout"].strip():
                for peer, values in json.loads(result["stdout"]).items():
                    if isinstance(values, dict):
                        counts[f"{node} {peer}"] = values["connectionsEstablished"]
        return counts


def planned_here(operations: str) -> list[str]:
    """Return the operations of a text, an operation a line, that a plan lists on this machine.

    Where FRR comes without mgmtd, there is none to be started or ended.
    """
    lines = [line.strip() for line in operations.strip().splitlines()]
    return [line for line in lines if has_manager() or " frr mgmtd " not in line]


SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "-"}


def operation_text(operation: Mapping[str, Any]) -> str:
    """Return an operation of `nlan plan --json` on a line: ``+ pe1 fdb vxlan1 10.10.10.2 [hitless]``."""
    words = (SIGNS[operation["action"]], operation["namespace"], operation["kind"], operation["name"])
    return " ".join(word for word in words if word) + f" [{operation['impact']}]"


class Lines:
    """The lines that a process prints, one after the other, none waited for beyond a deadline."""

    def __init__(self, process: subprocess.Popen[Any]) -> None:
        self._process, self._rest = process, b""

    def next(self, deadline: float) -> bytes:
        """Return the next line, empty where none comes in time (by `time.monotonic`)."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while b"\n" not in self._rest:
            if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return b""
            data = os.read(descriptor, 65536)
            if not data:
                return b""
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line


class Machine(NamedTuple):
    """What of the machine nlan may touch, for comparison before and after."""

    namespaces: frozenset[str]
    links: frozenset[str]
    mounts: frozenset[str]
    cgroups: frozenset[str]
    files: frozenset[str]
    daemons: frozenset[str]
    nftables: str

    @classmethod
    def look(cls, mine: str = "") -> Machine:
        """Look at the machine; of namespaces, mounts, cgroups, files and daemons only at `mine`, if given.

        Others may be at work beside: `mine` is the beginning of this test's labs' names.
        """
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
        found = (
            _names(Path("/run/netns")),
            {line.split()[4] for line in mounts},
            {str(path) for path in Path("/sys/fs/cgroup").glob(f"*/nlan/{mine}*" if mine else "*/nlan/**")},
            _files(mine),
            _daemons(),
        )
        kept = [frozenset(name for name in names if mine in name) for names in found]
        namespaces, mounts_kept, cgroups, files, daemons = kept
        links = frozenset(os.listdir("/sys/class/net"))
        return cls(namespaces, links, mounts_kept, cgroups, files, daemons, _nftables())

    def same(self, mine: str = "", deadline_s: float = 5.0) -> None:
        """Check that the machine is as it was, once what the kernel does in the background is done."""
        end = time.monotonic() + deadline_s
        while (now := Machine.look(mine)) != self and time.monotonic() < end:
            time.sleep(0.01)
        for name, before, after in zip(self._fields, self, now, strict=True):
            assert after == before, name


RUN = Path("/run/nlan")


def _nftables() -> str:
    if shutil.which("nft") is None:
        return ""
    return subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=False).stdout


def _names(directory: Path) -> set[str]:
    return set(os.listdir(directory)) if directory.is_dir() else set()


def _files(mine: str) -> set[str]:
    if mine:
        return {str(path) for path in RUN.glob(f"{mine}*/**/*")}
    of_frr = ("/run/frr", "/var/lib/frr", "/var/log/frr", "/var/tmp/frr")
    return _tree(RUN) | {name for path in of_frr for name in _tree(Path(path))} | _tree(Path("/etc/netns"))


def _tree(directory: Path) -> set[str]:
    return {str(path) for path in directory.glob("**/*")} | (
        {str(directory)} if directory.exists() else set()
    )


def _daemons() -> set[str]:
    """Return every routing daemon: its process id, name and cgroups; one that has ended has no namespace."""
    programs = ("zebra", "mgmtd", "bgpd", "ospfd", "ospf6d", "staticd", "isisd", "gobgpd")
    found = set()
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                os.readlink(f"{entry.path}/ns/net")
                program = Path(entry.path, "comm").read_text(encoding="utf-8").strip()
                cgroups = Path(entry.path, "cgroup").read_text(encoding="utf-8").replace("\n", " ")
            except OSError:
                continue
            if program in programs:
                found.add(f"{entry.name} {program} {cgroups}")
    return found
