"""Going on in the background: as a daemon of its own, or as a unit of systemd."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import nlan
from nlan.api.upkeep.pidfile import Pidfile

VARIABLES = (
    "NLAN_RUN_DIR",
    "NLAN_NETNS_DIR",
    "NLAN_STATE_DIR",
    "NLAN_CGROUP_DIR",
    "NLAN_CGROUP_NEST",
    "NLAN_VENV",
)
"""What a unit takes over of the environment that it is printed in."""


def detach(pidfile: Pidfile) -> int:
    """Go on in a process of its own, in a session of its own; output goes to the pidfile's log.

    Returns:
        Its process id to the caller, 0 to the process itself.
    """
    reader, writer = os.pipe()
    first = os.fork()
    if first:
        os.close(writer)
        with open(reader, "rb") as pipe:
            pid = int(pipe.read() or b"0")
        os.waitpid(first, 0)
        return pid
    os.close(reader)
    os.setsid()
    if second := os.fork():
        os.write(writer, str(second).encode())
        os._exit(0)
    os.close(writer)
    pidfile.rewrite()
    redirect(pidfile.log)
    os.chdir("/")
    return 0


def redirect(log: Path) -> None:
    """Read nothing, and write to a log."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(nothing)
    os.close(output)


def command() -> list[str]:
    """Return the words that run this nlan: the launcher, the installed command, or the interpreter."""
    launcher = Path(str(nlan.__file__)).resolve().parents[2] / "nlan"
    if launcher.is_file() and os.access(launcher, os.X_OK):
        return [str(launcher)]
    script = Path(sys.argv[0]).resolve()
    if script.name == "nlan" and os.access(script, os.X_OK):
        return [str(script)]
    return [sys.executable, "-m", "nlan"]


def unit_text(lab: str, nlan_words: Sequence[str]) -> str:
    """Return a unit file that brings the lab up again after a boot and keeps it.

    Args:
        lab: The lab's name.
        nlan_words: What runs nlan (`command`).
    """
    words = " ".join(_quoted(word).replace("$", "$$") for word in nlan_words)
    settings = [f"Environment={_quoted(f'{v}={os.environ[v]}')}" for v in VARIABLES if os.environ.get(v)]
    lines = [
        "[Unit]",
        f"Description=nlan keeps the lab {lab}",
        "After=network.target local-fs.target",
        "",
        "[Service]",
        "Type=exec",
        *settings,
        "# After a boot, if it was up before; a lab that runs is left alone, and one that was taken down.",
        f"ExecStartPre=-{words} restore {lab}",
        "# A large lab takes longer than systemd waits for by itself.",
        "TimeoutStartSec=infinity",
        f"ExecStart={words} keep {lab}",
        "# Routing daemons that keep starts belong to the lab and outlive it.",
        "KillMode=process",
        "Restart=on-failure",
        "RestartSec=2",
        "LimitNOFILE=524288",
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    ]
    return "\n".join(lines) + "\n"


def _quoted(word: str) -> str:
    """Return a word as systemd reads it: no specifier, and one word."""
    word = word.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{word}"' if any(sign in word for sign in " '\\\"\t;") else word
