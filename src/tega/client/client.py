"""The asynchronous driver: what can be asked of a tega server, over a session that heals itself."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from tega.api import Change, Commit, Difference, Entry, Op
from tega.client.events import Commits, Messages
from tega.client.functions import summary
from tega.client.session import Session
from tega.client.transaction import MINE, Transaction
from tega.paths import format_path, to_path
from tega.protocol import requests
from tega.protocol.answers import commit_of, difference_of, entry_of, groups_of, made_of
from tega.protocol.requests import NAMED, ONCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from tega.api import Json, PathLike, Rev


class Client(Session):
    """One session with a server and all that can be asked of it; a context manager, see `Session`."""

    # -- reading -------------------------------------------------------------

    async def head(self, *, linearizable: bool = False) -> Rev:
        """Return the last revision; the server always answers with the latest."""
        found: Rev = await self.ask_request(requests.Head())
        return found

    async def get(self, path: PathLike = (), *, at: Rev | None = None) -> Entry | None:
        """Return what stands at a path, now or at a revision; None if nothing does."""
        found = await self.ask_request(requests.Get(path=_text(path), at=at))
        return entry_of(found) if found else None

    async def select(
        self, pattern: str, *, regex: bool = False, at: Rev | None = None
    ) -> list[tuple[Entry, tuple[Any, ...]]]:
        r"""Return every node that matches a glob, with what each wildcard caught.

        With `regex`, an expression whose segments `\.` separates; what the
        groups caught is then a tuple for each segment that has any.
        """
        found = await self.ask_request(requests.Select(pattern=pattern, regex=regex, at=at))
        return [(entry_of(one), groups_of(one["groups"])) for one in found]

    async def children(self, path: PathLike = ()) -> list[str]:
        """Return the names one level below a path."""
        found: list[str] = await self.ask_request(requests.Children(path=_text(path)))
        return found

    async def log(
        self, path: PathLike = (), *, after: Rev | None = None, until: Rev | None = None, limit: int = 100
    ) -> list[Commit]:
        """Return the newest `limit` commits in a range, oldest first; of all that are kept by default."""
        request = requests.Log(path=_text(path), after=after, until=until, limit=limit)
        return [commit_of(one) for one in await self.ask_request(request)]

    async def history(
        self, path: PathLike = (), *, after: Rev | None = None, until: Rev | None = None
    ) -> AsyncIterator[Commit]:
        """Yield commits, oldest first, from the oldest kept by default."""
        if after is None:
            after = (await self.ask("info"))["oldest"]
        last = until if until is not None else await self.head()
        while after < last:
            upto = min(after + 1000, last)
            for commit in await self.log(path, after=after, until=upto, limit=1000):
                yield commit
            after = upto

    async def diff(self, before: Rev, after: Rev | None = None, path: PathLike = ()) -> list[Difference]:
        """Return the leaves that differ between two revisions."""
        found = await self.ask_request(requests.Diff(since=before, until=after, path=_text(path)))
        return [difference_of(one) for one in found]

    async def ask(self, op: str, **fields: Any) -> Any:
        """Ask for any operation by its name on the wire: `ids`, `roots`, `plugins`, `snapshot` and so on."""
        if op in NAMED:
            fields.setdefault("request", secrets.token_hex(8))
        return await self.ask_request({"op": op, **fields}, retry=op not in ONCE)

    # -- writing -------------------------------------------------------------

    async def put(
        self,
        path: PathLike,
        value: Json,
        *,
        expect: Rev | None = None,
        ephemeral: bool = False,
        message: str = "",
    ) -> Commit:
        """Replace the subtree at a path; an ephemeral one goes with this session."""
        put = requests.Put(path=_text(path), value=value, expect=expect, ephemeral=ephemeral, message=message)
        return await self._write(put, Change(Op.PUT, to_path(path), value, MINE if ephemeral else None))

    async def merge(
        self, path: PathLike, value: Mapping[str, Json], *, expect: Rev | None = None, message: str = ""
    ) -> Commit:
        """Merge a mapping into the subtree, leaf by leaf."""
        merge = requests.Merge(path=_text(path), value=cast(Any, value), expect=expect, message=message)
        return await self._write(merge, Change(Op.MERGE, to_path(path), value))

    async def delete(self, path: PathLike, *, expect: Rev | None = None, message: str = "") -> Commit:
        """Remove a subtree."""
        delete = requests.Delete(path=_text(path), expect=expect, message=message)
        return await self._write(delete, Change(Op.DELETE, to_path(path)))

    async def _write(
        self, request: requests.Put | requests.Merge | requests.Delete, change: Change
    ) -> Commit:
        request.request = name = secrets.token_hex(8)
        return self._made(await self.ask_request(request), (change,), request.message, name)

    async def commit(
        self,
        changes: Sequence[Change],
        *,
        expect: Mapping[tuple[str, ...], Rev] | None = None,
        base: Rev | None = None,
        message: str = "",
        request_id: str | None = None,
    ) -> Commit:
        """Commit all changes or none; with `base`, only if what they change stands as it stood then.

        Raises:
            Conflict: An expectation did not hold; says which path and who changed it.
        """
        name = request_id or secrets.token_hex(8)
        request = requests.Apply(
            steps=[_step(change) for change in changes],
            expect={format_path(path): rev for path, rev in (expect or {}).items()},
            base=base,
            message=message,
            request=name,
        )
        return self._made(await self.ask_request(request), tuple(changes), message, name)

    def _made(
        self, receipt: dict[str, Any], changes: tuple[Change, ...], message: str, request: str
    ) -> Commit:
        for change in changes:
            self._keep_ephemeral(change)
        return made_of(receipt, changes, author=self.name, message=message, request_id=request)

    def _keep_ephemeral(self, change: Change) -> None:
        """Know what has to be put again if the session has to be opened anew."""
        if change.op is Op.MERGE:
            return
        size = len(change.path)
        for old in [path for path in self._ephemeral if path[:size] == change.path]:
            del self._ephemeral[old]
        if change.lease is not None:
            self._ephemeral[change.path] = change.value

    @asynccontextmanager
    async def transaction(self, *, at: Rev | None = None, message: str = "") -> AsyncIterator[Transaction]:
        """Gather reads and writes, and commit them whole when the block ends without an exception.

        What was read must still stand at the commit. With `at`, so must
        what is written: pass `await client.head()` to lose against anybody
        who wrote the same paths in between.
        """
        txn = Transaction(self, at)
        yield txn
        if txn.changes and not txn.cancelled:
            txn.committed = await self.commit(
                txn.changes, expect=txn.expected, base=at, message=message, request_id=txn.request_id
            )

    async def rollback(
        self, root: str | None, to: Rev, *, expect: Rev | None = None, message: str = ""
    ) -> Commit:
        """Make a root, or with None the tree, equal to what it was, by a new commit."""
        request = requests.Rollback(
            root=_text((root,)) if root else "", to=to, expect=expect, message=message
        )
        receipt = await self.ask_request(request, retry=False)
        return self._made(receipt, (), message, "")

    # -- keeping -------------------------------------------------------------

    async def snapshot(self) -> Rev:
        found: Rev = await self.ask_request(requests.Snapshot())
        return found

    async def compact(self, before: Rev) -> None:
        await self.ask_request(requests.Compact(before=before))

    async def verify(self) -> bytes:
        return bytes.fromhex(await self.ask_request(requests.Verify()))

    async def export(self, *, at: Rev | None = None, history: bool = False) -> AsyncIterator[bytes]:
        for line in await self.ask_request(requests.Export(at=at, history=history)):
            yield line.encode()

    # -- watching ------------------------------------------------------------

    def subscribe(self, path: PathLike = (), *, regex: bool = False, after: Rev | None = None) -> Commits:
        """Return a stream of notices: use it as `async with client.subscribe("a") as notices`."""
        text = path if regex and isinstance(path, str) else _text(path)
        return Commits(self._subscriptions, requests.Subscribe(path=text, regex=regex, after=after))

    def listen(self, channel: str, *, regex: bool = False) -> Messages:
        """Return a stream of a channel's messages; `*` in the name stands for any characters."""
        return Messages(self._subscriptions, requests.Listen(channel=channel, regex=regex))

    async def publish(self, channel: str, body: Json) -> int:
        """Send a message to everyone who listens now; return how many that are."""
        reached: int = await self.ask_request(requests.Publish(channel=channel, body=body), retry=False)
        return reached

    # -- calls ---------------------------------------------------------------

    async def call(
        self,
        path: PathLike,
        *args: Json,
        timeout: float = 5.0,  # noqa: ASYNC109 - the deadline travels with the call
        call_id: str | None = None,
        progress: Callable[[Json], None] | None = None,
        **kwargs: Json,
    ) -> Json:
        """Call the function at a path; cancelling this cancels it there.

        Raises:
            NoHandler: Nobody offers it; nothing ran.
            CallTimeout: No answer in time, or its owner vanished; it may have run.
            RemoteError: It raised.
            Disconnected: The connection was lost; it may have run.
        """
        request = requests.Call(
            path=_text(path), args=list(args), kwargs=kwargs, timeout=timeout, call_id=call_id
        )
        waiting = self.begin(request, retry=False, progress=progress)
        waiting.deadline += timeout
        try:
            return await waiting.answer
        except asyncio.CancelledError:
            self.abort(waiting.number)
            raise

    async def offer(self, path: PathLike, function: Callable[..., Any], *, doc: str | None = None) -> None:
        """Attach a function to a path until `withdraw` or the end of the session.

        A plain function runs on the event loop and must not block; a
        coroutine function is awaited; what an async generator yields is
        progress, its last value the result.
        """
        text = _text(path)
        described = summary(function, doc)
        offered = self._functions.offered
        before = offered.get(text)
        offered[text] = (function, described)  # a call may come before the answer
        try:
            await self.ask_request(requests.Offer(path=text, doc=described))
        except BaseException:
            offered.pop(text, None)
            if before is not None:
                offered[text] = before
            raise

    async def withdraw(self, path: PathLike) -> None:
        """Detach a function."""
        text = _text(path)
        self._functions.offered.pop(text, None)
        await self.ask_request(requests.Withdraw(path=text))


def _text(path: PathLike) -> str:
    """The path's one text form, which is also the server's."""
    return format_path(to_path(path))


def _step(change: Change) -> requests.Step:
    return requests.Step(change.op.value, format_path(change.path), change.value, change.lease is not None)
