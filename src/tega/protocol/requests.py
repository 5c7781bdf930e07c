"""Every request that a session can make, as data: drivers send these, transports decode into them.

On the wire a request is `{"op": "put", "id": 7, "path": "a.b", "value": 1}`;
what is left out has its default. Its answer carries the same `id` with `ok`
or `error`. A request with `id` 0 gets no answer.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field, structs

MOST: Final = (1 << 63) - 1
Revision = Annotated[int, Meta(ge=0, le=MOST)]
"""A revision."""
Version = Annotated[int, Meta(ge=-MOST, le=MOST)]
"""A version of a root; a negative one counts back from the present one."""


class Request(Struct, kw_only=True, tag_field="op", tag=str.lower, forbid_unknown_fields=True):
    """What all requests share."""

    id: int = 0


# -- sessions ---------------------------------------------------------------


class Hello(Request):
    """Open the session, or resume it by name and key after the connection was lost."""

    name: str | None = None
    key: str | None = None
    ttl: float | None = None


class Ping(Request):
    """Say that the client is alive."""


class Bye(Request):
    """End the session now: its ephemeral nodes, functions and subscriptions go with it."""


class Ids(Request):
    """List the sessions: name, since when, with what they subscribe to and offer."""


class Subscribers(Request):
    """List who subscribes to what."""


# -- reading ----------------------------------------------------------------


class Get(Request):
    """Read a leaf, a subtree or (with an empty path) the whole tree."""

    path: str = ""
    at: Revision | None = None
    root_version: Version | None = None
    txid: str | None = None


class Select(Request):
    """Read each node whose path matches a regular expression, by segments, or without `regex` a glob."""

    pattern: str
    regex: bool = True
    at: Revision | None = None


class Children(Request):
    """List the names one level below a path: what a shell completes with."""

    path: str = ""


class Head(Request):
    """Return the last revision."""


class Roots(Request):
    """List the roots with the version of each."""


class Old(Request):
    """List the roots that were deleted, with the version of each."""


class Edges(Request):
    """List the edges of a root, or of all: pairs of `path(revision)`; `old_roots` adds ten versions."""

    root: str = ""
    old_roots: bool = False


class Log(Request):
    """List commits, oldest first; `limit` keeps the newest ones. Without `after` from the oldest kept."""

    path: str = ""
    after: Revision | None = None
    until: Revision | None = None
    limit: int = 100


class Diff(Request):
    """Compare two revisions below a path; without `until`, with the newest."""

    since: Revision
    until: Revision | None = None
    path: str = ""


# -- writing ----------------------------------------------------------------


class Put(Request):
    """Replace the subtree at a path; `expect` is the revision that last changed it, 0 for absent."""

    path: str
    value: Any
    expect: Revision | None = None
    ephemeral: bool = False
    txid: str | None = None
    message: str = ""
    request: str | None = None


class Merge(Request):
    """Merge a mapping into the subtree at a path, leaf by leaf."""

    path: str
    value: dict[str, Any]
    expect: Revision | None = None
    txid: str | None = None
    message: str = ""
    request: str | None = None


class Delete(Request):
    """Remove the subtree at a path; removing what is absent is no error."""

    path: str
    expect: Revision | None = None
    txid: str | None = None
    message: str = ""
    request: str | None = None


class Step(Struct, forbid_unknown_fields=True):
    """One change of a transaction sent whole."""

    do: Literal["put", "merge", "delete"]
    path: str
    value: Any = None
    ephemeral: bool = False


class Apply(Request):
    """Commit many changes or none, against the revisions that were read.

    `expect` maps paths to the revision that last changed them. With `base`,
    every changed path must also be unchanged since that revision.
    """

    steps: list[Step]
    expect: dict[str, Revision] = field(default_factory=dict)
    base: Revision | None = None
    message: str = ""
    request: str | None = None


class Begin(Request):
    """Open a transaction that the server holds; it is dropped after a minute without use."""

    message: str = ""


class Cand(Request):
    """Show what a transaction would change."""

    txid: str


class Commit(Request):
    """Commit a transaction that `begin` opened."""

    txid: str
    request: str | None = None


class Cancel(Request):
    """Drop a transaction that `begin` opened."""

    txid: str


class Rollback(Request):
    """Make a root, or the whole tree when `root` is empty, equal to what it was; this is a new commit."""

    to: Version
    root: str = ""
    expect: Revision | None = None
    by_version: bool = False
    message: str = ""


class Clear(Request):
    """Delete every root, in one commit."""

    message: str = ""


# -- keeping ----------------------------------------------------------------


class Snapshot(Request):
    """Write a durable snapshot from which a replica or a restart can begin."""


class Compact(Request):
    """Forget the history before a revision."""

    before: Revision


class Export(Request):
    """Write the tree, or with `history` every commit, as lines of canonical JSON."""

    at: Revision | None = None
    history: bool = False


class Import(Request):
    """Read an export; `dry_run` says only what would change.

    `history` takes over every commit as it was, and needs a store in which nothing was ever committed.
    """

    lines: list[str]
    mode: Literal["replace", "merge", "history"] = "merge"
    expect: Revision | None = None
    dry_run: bool = False


class Verify(Request):
    """Hash the whole log again and return the hash of the last commit."""


# -- watching ---------------------------------------------------------------


class Subscribe(Request):
    """Be notified of every commit at, below or above a path, or matching a regular expression.

    Without `after` from now on; with it, from the commit after that revision.
    """

    path: str = ""
    regex: bool = False
    after: Revision | None = None


class Unsubscribe(Request):
    """End a subscription or a listening, by its number; all of the session's without one."""

    sub: int | None = None


class Publish(Request):
    """Send a message to everyone who listens to a channel."""

    channel: str
    body: Any = None


class Listen(Request):
    """Receive the messages of a channel; `*` in the name stands for any characters, or use `regex`."""

    channel: str
    regex: bool = False


class Channels(Request):
    """List the channels that somebody listens to."""


# -- calls ------------------------------------------------------------------


class Offer(Request):
    """Attach a function of this session to a path."""

    path: str
    doc: str = ""


class Withdraw(Request):
    """Detach a function."""

    path: str


class Call(Request):
    """Call the function at a path; `timeout` is in seconds."""

    path: str
    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)
    timeout: float = 5.0
    call_id: str | None = None


class Abort(Request):
    """Cancel the request of this session that has the number `request`."""

    request: int


class Answer(Request):
    """What a called function returned."""

    call: int
    value: Any = None


class Fail(Request):
    """What a called function raised."""

    call: int
    message: str
    kind: str = "Error"


class Progress(Request):
    """A value that a called function hands out before it returns."""

    call: int
    value: Any = None


class Plugins(Request):
    """List the server's plugins with what they offer and subscribe to."""


class Reload(Request):
    """Stop the plugins and load them again from their files."""


class Info(Request):
    """Return the newest and the oldest revision kept, the store's limits, and counts."""


REQUESTS: tuple[type[Request], ...] = tuple(Request.__subclasses__())

NAMED: Final = frozenset({"put", "merge", "delete", "apply", "commit"})
"""Operations that carry an id in `request`, by which the server knows a repeated one."""
ONCE: Final = frozenset({"rollback", "clear", "import", "cancel", "publish", "call"})
"""Operations that must not be repeated."""


def outgoing(request: Request) -> dict[str, Any]:
    """Return a request as a driver sends it, without a number yet, and without what is so by default."""
    op, fields = _shape(type(request))
    message: dict[str, Any] = {"op": op}
    for name, default in fields:
        value = getattr(request, name)
        if value is not default:
            message[name] = value
    if isinstance(request, Apply):
        message["steps"] = [structs.asdict(step) for step in request.steps]
    return message


@cache
def _shape(kind: type[Request]) -> tuple[str, list[tuple[str, Any]]]:
    """An operation's name, and its fields with their defaults."""
    fields = [(one.name, one.default) for one in structs.fields(kind) if one.name != "id"]
    return str(kind.__struct_config__.tag), fields
