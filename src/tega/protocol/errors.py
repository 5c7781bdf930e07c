# ruff: noqa: N818 - as in tega.errors, the names say what happened
"""What can go wrong between a client and the server, and the code that each exception has on the wire."""

from __future__ import annotations

from tega import errors as store
from tega.errors import Conflict, StoreError


class BadRequest(StoreError, ValueError):
    """The request cannot be read, or asks for something that does not exist."""


class Denied(StoreError):
    """The token does not allow it."""


class Unauthorized(StoreError):
    """There is no token, or nobody knows it."""


class NotFound(StoreError):
    """Nothing is there."""


class NameTaken(StoreError):
    """Another client holds the session's name, or the key is not the session's."""


class Busy(StoreError):
    """Too many of something are open; try again later."""

    transient = True


class Cancelled(StoreError):
    """The request was cancelled before it ended."""


class Disconnected(StoreError):
    """The server cannot be reached."""

    transient = True


class Offered(Conflict):
    """Another session offers a function at the path."""

    def __init__(self, path: tuple[str, ...], owner: str) -> None:
        super().__init__(path, 0, 0, author=owner)

    def __str__(self) -> str:
        from tega.paths import format_path

        return f"{format_path(self.path)} is already offered by {self.author}"


MAX_MESSAGE = 2000
"""Characters of an error's sentence that a client gets; it may quote what the client sent."""

CODES: dict[type[BaseException], tuple[str, int]] = {
    BadRequest: ("bad_request", 400),
    store.InvalidPath: ("invalid_path", 400),
    store.InvalidPattern: ("invalid_pattern", 400),
    store.InvalidValue: ("invalid_value", 400),
    store.ImportRefused: ("import_refused", 400),
    store.FutureRevision: ("future_revision", 404),
    Unauthorized: ("unauthorized", 401),
    Denied: ("denied", 403),
    NotFound: ("not_found", 404),
    store.NoHandler: ("no_handler", 404),
    Conflict: ("conflict", 409),
    NameTaken: ("name_taken", 409),
    store.RequestReused: ("request_reused", 409),
    store.LeaseLost: ("lease_lost", 409),
    store.Compacted: ("compacted", 410),
    store.TooLarge: ("too_large", 413),
    Cancelled: ("cancelled", 499),
    store.RemoteError: ("remote_error", 502),
    store.CommitUnknown: ("commit_unknown", 503),
    Busy: ("busy", 503),
    Disconnected: ("disconnected", 503),
    store.StoreBusy: ("store_busy", 503),
    store.StoreClosed: ("store_closed", 503),
    store.ReadOnly: ("read_only", 503),
    store.CallTimeout: ("timeout", 504),
    store.StoreFull: ("store_full", 507),
    store.StoreIOError: ("io_error", 500),
    store.DamagedStore: ("damaged", 500),
    StoreError: ("store_error", 500),
}
"""Code and HTTP status of each exception; a class that is not here has those of its nearest base."""


def code_of(error: BaseException) -> tuple[str, int]:
    """Return code and HTTP status; what no rule names is a fault of the server."""
    for kind in type(error).__mro__:
        if kind in CODES:
            return CODES[kind]
    return ("internal", 500)


def to_wire(error: BaseException) -> dict[str, object]:
    """Return the error as a client gets it: a code, a sentence, and what programs need of a conflict."""
    code, _ = code_of(error)
    text = str(error) if isinstance(error, StoreError) else "the server failed; its log says how"
    wire: dict[str, object] = {"code": code, "message": text[:MAX_MESSAGE]}
    if isinstance(error, Conflict):
        wire["detail"] = {
            "path": list(error.path),
            "expected": error.expected,
            "actual": error.actual,
            "rev": error.rev,
            "author": error.author,
            "message": error.message,
        }
    elif isinstance(error, store.Compacted):
        wire["detail"] = {"oldest": error.oldest}
    elif isinstance(error, store.CommitUnknown):
        wire["detail"] = {"request_id": error.request_id, "reason": error.reason}
    elif isinstance(error, store.FutureRevision):
        root = {"root": error.root} if isinstance(error, store.NoVersion) else {}
        wire["detail"] = {"rev": error.rev, "head": error.head, **root}
    return wire


_PLAIN: dict[str, type[StoreError]] = {
    code: kind
    for kind, (code, _) in CODES.items()
    if kind not in (Conflict, store.Compacted, store.CommitUnknown, store.FutureRevision, store.DamagedStore)
    and issubclass(kind, StoreError)
}


def from_wire(wire: dict[str, object]) -> StoreError:
    """Return the exception that `to_wire` described; clients raise it."""
    code, text = str(wire.get("code")), str(wire.get("message"))
    detail = wire.get("detail")
    if isinstance(detail, dict):
        if code == "conflict":
            return _conflict(detail, text)
        if code == "compacted":
            return store.Compacted(detail["oldest"])
        if code == "commit_unknown":
            return store.CommitUnknown(detail["request_id"], detail["reason"])
        if code == "future_revision" and "root" in detail:
            return store.NoVersion(detail["root"], detail["rev"], detail["head"])
        if code == "future_revision":
            return store.FutureRevision(detail["rev"], detail["head"])
    return _PLAIN.get(code, StoreError)(text)


def _conflict(detail: dict[str, object], text: str) -> Conflict:
    fields = dict(detail)
    path = tuple(str(segment) for segment in list(fields.pop("path")))  # type: ignore[call-overload]
    if "already offered" in text:
        return Offered(path, str(fields["author"]))
    return Conflict(path, fields.pop("expected"), fields.pop("actual"), **fields)  # type: ignore[arg-type]
