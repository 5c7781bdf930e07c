"""A connection whose server is a script."""

import asyncio
from typing import Any

from unit.tega.serving import until


class Script:
    """A connection whose server sends what it is given, many messages in one receipt."""

    last_received = 0.0
    most: int | None = None
    fatal = ""
    """The request at which the line breaks."""
    answers = True

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def dial(self, take: Any, lost: Any) -> Any:
        self.take, self.lost, self.opened = take, lost, asyncio.get_running_loop().create_future()
        self.opened.set_result(None)
        return self

    def send(self, message: Any) -> None:
        self.sent.append(message)
        if not self.answers:
            return
        if message["op"] == "hello":
            answer = {"name": "me", "key": "k", "ttl": 10, "resumed": False}
            asyncio.get_running_loop().call_soon(self.take, {"id": message["id"], "ok": answer})
        elif message["op"] == self.fatal:
            asyncio.get_running_loop().call_soon(self.lost)

    def close(self) -> None:
        self.lost()

    abort = close

    async def asked(self, op: Any) -> Any:
        return (await until(lambda: [m for m in self.sent if m["op"] == op], op))[-1]["id"]


def commits(sub: Any, *revs: Any) -> Any:
    made = [{"rev": rev, "time": 0.0, "author": "", "message": "", "changes": []} for rev in revs]
    return {"push": "commits", "sub": sub, "commits": made}
