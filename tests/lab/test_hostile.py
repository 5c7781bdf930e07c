"""A node whose FRR is in somebody else's hands: nlan answers, and touches nothing outside of the node."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import Machine, Nlan

FILE = """
nodes:
  r1: {asn: 64496, ospf: true}
  r2: {asn: 64497, ospf: true}
  r3: {asn: 64498, engine: gobgp}
links: [r1 -- r2, r2 -- r3]
"""

VANDAL = """
import os, pwd, shutil, socket, sys
frr = pwd.getpwnam("frr")
os.setgroups([]); os.setgid(frr.pw_gid); os.setuid(frr.pw_uid)
kind, outside = sys.argv[1:]

def put(path):
    if kind == "link":
        os.symlink(outside + "/secret", path)
    elif kind == "directory link":
        os.symlink(outside, path)
    elif kind == "socket link":
        os.symlink(outside + "/trap", path)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "huge":
        open(path, "w").truncate(1 << 42)
    elif kind == "tree":
        os.mkdir(path)
        os.chdir(path)
        for _ in range(300):
            open("f", "w").close()
            os.symlink(outside, "l")
            os.mkdir("d")
            os.chdir("d")
    elif kind == "garbage":
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        if os.fork() == 0:
            for number in (0, 1, 2):
                os.dup2(os.open(os.devnull, os.O_RDWR), number)
            while True:
                with listener.accept()[0] as caller:
                    while caller.recv(4096):
                        caller.sendall(b'{"a": [1]}' + bytes(4))

replaced = 0
for directory in ("/etc/frr", "/run/frr", "/var/lib/frr", "/var/tmp/frr"):
    names = {name for name in os.listdir(directory) if not name.startswith("moved-")}
    names |= {".bgpd.conf.new", "frr.conf", "x.log", "x.pid"}
    if kind == "garbage":  # each is waited for
        names = {"bgpd.vty"} & names
    for name in names:
        path = os.path.join(directory, name)
        try:
            os.rename(path, os.path.join(directory, "moved-" + os.urandom(4).hex()))
        except OSError:
            pass
        put(path)
        replaced += 1
print(replaced, flush=True)
os._exit(0)
"""

KINDS = (
    "link",
    "directory link",
    "socket link",
    "fifo",
    "huge",
    "tree",
    pytest.param("garbage", marks=pytest.mark.slow),
)


class Outside:
    """What is nobody's business: a secret, and a socket that nobody shall call."""

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.path, self.calls = path, 0
        (path / "secret").write_text("secret\n")
        (path / "secret").chmod(0o600)
        self._trap = socket.socket(socket.AF_UNIX)
        self._trap.bind(str(path / "trap"))
        self._trap.listen()
        threading.Thread(target=self._count, daemon=True).start()
        self.before = self._look()

    def _count(self) -> None:
        while True:
            try:
                self._trap.accept()[0].close()
            except OSError:
                return
            self.calls += 1

    def _look(self) -> dict[str, tuple[int, int, int]]:
        paths = (self.path, *sorted(self.path.rglob("*")))
        return {str(p): (s.st_uid, s.st_mode, s.st_size) for p in paths for s in (p.lstat(),)}

    def check(self) -> None:
        assert self._look() == self.before
        assert (self.path / "secret").read_text() == "secret\n"
        assert self.calls == 0

    def close(self) -> None:
        self._trap.close()


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    found = Outside(tmp_path / "outside")
    yield found
    found.check()
    found.close()


def vandalize(nlan: Nlan, lab: str, kind: str, outside: Outside) -> None:
    replaced = nlan.inside(lab, "r1", sys.executable, "-c", VANDAL, kind, str(outside.path))
    assert int(replaced) > (0 if kind == "garbage" else 20)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_outside_is_touched_and_the_node_is_repaired(kind: str, nlan: Nlan, outside: Outside) -> None:
    before, lab = Machine.look(nlan.name()), nlan.name()
    file = nlan.write(FILE)
    nlan("up", file, "--lab", lab)
    vandalize(nlan, lab, kind, outside)
    for words in (("status", lab, "--json"), ("plan", file, "-l", lab), ("show", lab)):
        answer = nlan.run(*words, timeout=100)
        assert "Traceback" not in answer.err
        assert "secret" not in answer.out + answer.err
    nlan("up", file, "--lab", lab)
    assert nlan.status(lab)["nodes"]["r1"]["state"] == "ok"
    vandalize(nlan, lab, kind, outside)
    nlan("down", lab)
    before.same(nlan.name())
