"""How a commit becomes bytes, and how damage to them shows.

A record is the SHA-256 of its payload followed by the payload, one JSON
object. The payload names the hash of the record before it, so that the
records are a chain and one altered bit anywhere breaks it.
"""

from __future__ import annotations

from json import JSONDecodeError, JSONDecoder, JSONEncoder
from json.encoder import encode_basestring as _text

from tega.api import Change, Commit, Op
from tega.errors import DamagedStore, InvalidValue
from tega.paths import keep
from tega.values import plain_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    import hashlib
    from collections.abc import Mapping, Sequence
    from hashlib import sha256

    from tega.api import Json, Path, Rev
else:
    try:  # the interpreter's own SHA-256: hashlib would load all of OpenSSL, 4 ms
        from _sha2 import sha256
    except ImportError:
        from hashlib import sha256

HASH_SIZE = 32
NO_HASH = bytes(HASH_SIZE)
_LARGE = 4 << 20
"""From so many bytes OpenSSL's faster SHA-256 is worth its import."""

_encode = JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")).encode
_encode_sorted = JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"), sort_keys=True
).encode
_decode = JSONDecoder().decode

_NAMES = {Op.PUT: "put", Op.MERGE: "merge", Op.DELETE: "delete"}
_OPS = {name: op for op, name in _NAMES.items()}


def digest(data: bytes) -> bytes:
    """Return the SHA-256 of the data."""
    if len(data) > _LARGE:
        import hashlib

        return hashlib.sha256(data).digest()
    return sha256(data).digest()


def new_digest() -> hashlib._Hash:
    """Return a SHA-256 to be fed piece by piece."""
    return sha256()


def to_bytes(value: Json) -> bytes:
    """Return the value as compact JSON in UTF-8.

    Raises:
        InvalidValue: It has no JSON form.
    """
    try:
        return _encode(value).encode()
    except (TypeError, ValueError, RecursionError):
        # by far most values are plain already; only what is not pays for the copy
        return _plain_bytes(value)


def _plain_bytes(value: Json) -> bytes:
    try:
        return _encode(plain_json(value)).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidValue(f"the value has no JSON form: {error}") from error


def canonical(value: Json) -> bytes:
    """Return the one JSON text of a value: sorted keys, no white space, UTF-8."""
    return _encode_sorted(value).encode()


def from_bytes(data: bytes) -> Json:
    """Read JSON in UTF-8; raises ValueError."""
    return _decode(data.decode())


def _step_text(change: Change) -> str:
    op, path, value, lease = change
    if type(value) is str:
        shown = _text(value)
    elif type(value) is int:
        shown = _int_text(value)
    else:
        shown = to_bytes(value).decode()
    if lease is not None:
        shown = f"{shown},{_text(lease)}"
    return f'["{_NAMES[op]}",{_path_text(path)},{shown}]'


def _int_text(value: int) -> str:
    try:
        return str(value)
    except ValueError as error:
        raise InvalidValue(f"the value has no JSON form: {error}") from error


_path_texts: dict[Path, str] = {}


def _path_text(path: Path) -> str:
    found = _path_texts.get(path)
    if found is None:
        found = _encode(list(path))
        keep(_path_texts, path, len(found), found)
    return found


def _roots_text(roots: Mapping[str, Rev]) -> str:
    return "{" + ",".join([f"{_text(root)}:{version}" for root, version in roots.items()]) + "}"


def encode_commit(
    rev: Rev,
    time: float,
    author: str,
    message: str,
    request_id: str,
    changes: Sequence[Change],
    roots: Mapping[str, Rev],
    prev_hash: bytes,
    reverts: Rev | None,
) -> bytes:
    """Return the record of a commit; its first 32 bytes are its hash."""
    steps = ",".join([_step_text(change) for change in changes])
    tail = "" if reverts is None else f',"reverts":{reverts}'
    text = (
        f'{{"rev":{rev},"time":{time!r},"author":{_text(author)},"message":{_text(message)},'
        f'"request_id":{_text(request_id)},"changes":[{steps}],"roots":{_roots_text(roots)},'
        f'"prev":"{prev_hash.hex()}"{tail}}}'
    )
    try:
        payload = text.encode()
    except UnicodeEncodeError as error:
        raise InvalidValue(f"a text has no UTF-8 form: {error.reason}") from error
    return sha256(payload).digest() + payload


def decode_commit(data: bytes, rev: Rev) -> Commit:
    """Read a record back.

    Raises:
        DamagedStore: It is not what was written, or not the record of `rev`.
    """
    payload = data[HASH_SIZE:]
    found = sha256(payload).digest()
    if found != data[:HASH_SIZE]:
        raise DamagedStore("", f"the record of revision {rev} does not match its checksum")
    fields = read_payload(payload, rev)
    try:
        return commit_of(fields, found)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedStore("", f"what stands as the record of revision {rev} is none") from error


def read_payload(payload: bytes, rev: Rev) -> dict[str, Json]:
    """Read the JSON object of a record and see that it is that of `rev`."""
    try:
        fields = _decode(payload.decode())
    except (JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedStore("", f"the record of revision {rev} cannot be read: {error}") from error
    if not isinstance(fields, dict) or fields.get("rev") != rev:
        raise DamagedStore("", f"at revision {rev} stands the record of another")
    return fields


def commit_of(fields: dict[str, Json], found: bytes) -> Commit:
    """Return the commit that a record's fields describe."""
    return Commit(
        fields["rev"],
        fields["time"],
        fields["author"],
        fields["message"],
        fields["request_id"],
        tuple([Change(_OPS[step[0]], tuple(step[1]), *step[2:]) for step in fields["changes"]]),
        fields["roots"],
        bytes.fromhex(fields["prev"]),
        found,
        fields.get("reverts"),
    )
