"""`plugins.deploy()`: run the site's deployment command with the routers of `ip` as arguments."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import signal
from typing import Any

from tega.plugins.base import Plugin

KEEP = 64 << 10
DEADLINE_S = 600.0
_ROUTER = re.compile(r"[^\W_][\w.-]*")
"""A name that no command takes for an option."""


class Deploy(Plugin):
    """Runs the command of option `command`; only who starts the server can set it."""

    async def on_init(self) -> None:
        await self.offer("plugins.deploy", self.deploy)

    async def deploy(self) -> dict[str, Any]:
        """Run the command; return its exit status and the end of its output."""
        if "command" not in self.options:
            raise ValueError("deploy wants to know its command: tega-server --option deploy.command='…'")
        entry = await self.db.get("ip")
        routers = list(entry.value) if entry and isinstance(entry.value, dict) else []
        return await run([*shlex.split(self.options["command"]), *checked(routers)])


def checked(routers: list[str]) -> list[str]:
    """Return the routers.

    Raises:
        ValueError: One has a name that the command would take for an option, or that is no router's.
    """
    wrong = [router for router in routers if not _ROUTER.fullmatch(router)]
    if wrong:
        raise ValueError(
            f"ip has {wrong[0]!r}, which is no name of a router:"
            " it begins with a letter or digit, and has letters, digits, - _ and ."
        )
    return routers


async def run(command: list[str]) -> dict[str, Any]:
    """Run a command in a process group of its own, which ends with a cancelled or overdue call."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(DEADLINE_S):
            output = await _end_of(process.stdout)
            await process.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):  # it has ended, and what it started left its group
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined]  # whoever else holds the output may never end
        raise
    return {"status": process.returncode, "output": output.decode(errors="replace")}


async def _end_of(stream: asyncio.StreamReader) -> bytes:
    kept = b""
    while data := await stream.read(KEEP):
        kept = (kept + data)[-KEEP:]
    return kept
