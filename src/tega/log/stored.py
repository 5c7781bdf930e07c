"""The stored form of a state: the whole tree at a revision, read when it is looked at.

It has the frame of a record: SHA-256, then one JSON object. Opening a
store reads its outline only; a subtree stays the bytes that it is until
somebody asks for something in it, and is written back as such where it was
not changed.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from tega.errors import DamagedStore
from tega.log.codec import HASH_SIZE, digest, from_bytes, to_bytes
from tega.tree.nodes import Node, next_order, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    import msgspec

    from tega.api import Json, Path, Rev
    from tega.tree.nodes import Children

WHOLE = 64 << 10
"""A state of fewer bytes is read whole."""
PIECE = 4 << 10
"""And so is a subtree of fewer."""

_BEGIN = b'{"rev":'


class Stored(NamedTuple):
    """What a state holds."""

    rev: Rev
    hash: bytes
    """Of the record of that revision."""
    versions: dict[str, Rev]
    leased: dict[str, list[Path]] | None
    """Where nodes of each lease are; None where it was not written down."""
    root: Node


class Folded(Node):
    """A node that is still the bytes that were stored; any look at it unfolds it, by one level at least.

    Two threads may do so at once: both get equal nodes.
    """

    __slots__ = ("_stored",)

    def __init__(self, stored: msgspec.Raw) -> None:
        self._stored: msgspec.Raw | None = stored
        self.order = next_order()

    def __getattr__(self, name: str) -> Json:
        """Called for what is not set yet."""
        stored = self._stored
        if stored is not None:
            node = _unfolded(stored)
            self.mod, self.value, self.children, self.lease = node.mod, node.value, node.children, node.lease
            self._stored = None
        return object.__getattribute__(self, name)

    @property
    def stored(self) -> msgspec.Raw | None:
        """The bytes, as long as nobody has looked."""
        return self._stored


def _unfolded(stored: msgspec.Raw) -> Node:
    """Return the node, what lies below it folded unless it is small."""
    if memoryview(stored).nbytes > PIECE:
        import msgspec

        try:
            mod, _, lease, below = _mapping_decoder().decode(stored)
        except msgspec.ValidationError:  # a large leaf
            pass
        else:
            return Node(mod, None, _folded(below), lease)
    return _cooked(from_bytes(bytes(stored)))


def _folded(below: dict[str, msgspec.Raw]) -> Children:
    return pack({key: Folded(child) for key, child in below.items()})


@cache
def _mapping_decoder() -> msgspec.json.Decoder[tuple[int, None, str | None, dict[str, msgspec.Raw]]]:
    import msgspec

    return msgspec.json.Decoder(tuple[int, None, str | None, dict[str, msgspec.Raw]])


def _cooked(raw: list[Json]) -> Node:
    if len(raw) == 2:
        return Node(raw[0], raw[1])
    if len(raw) == 3:
        return Node(raw[0], raw[1], None, raw[2])
    children = {key: _cooked(child) for key, child in raw[3].items()}
    return Node(raw[0], None, pack(children), raw[2])


def encode_state(
    rev: Rev, head_hash: bytes, versions: Mapping[str, Rev], leased: Mapping[str, list[Path]], root: Node
) -> bytes:
    """Return the whole state at a revision."""
    head = {"rev": rev, "hash": head_hash.hex(), "versions": dict(versions), "leased": dict(leased)}
    payload = _quick_bytes({**head, "tree": _raw(root)})
    return digest(payload) + payload


def _quick_bytes(value: Json) -> bytes:
    """As `to_bytes`, by an encoder that large values are worth; it knows no integers above 64 bits."""
    import msgspec

    try:
        return msgspec.json.encode(value)
    except (ValueError, OverflowError, RecursionError):
        return to_bytes(_plain(value))


def _plain(value: Json) -> Json:
    """With what is folded spelt out."""
    import msgspec

    match value:
        case msgspec.Raw():
            return from_bytes(bytes(value))
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
    return value


def _raw(node: Node) -> Json:
    """A leaf is [mod, value] or [mod, value, lease]; a mapping has its children as a fourth item."""
    stored = node.stored if type(node) is Folded else None
    if stored is not None:  # asked once: another thread may unfold it meanwhile
        return stored
    if node.children is None:
        return [node.mod, node.value] if node.lease is None else [node.mod, node.value, node.lease]
    return [
        node.mod,
        None,
        node.lease,
        {
            key: (
                [child.mod, child.value]
                if type(child) is Node and child.children is None and child.lease is None
                else _raw(child)
            )
            for key, child in node.children.items()
        },
    ]


def decode_state(data: bytes, name: str) -> Stored:
    """Read a state back.

    Raises:
        DamagedStore: It is not what was written.
    """
    payload = _payload(data, name)
    try:
        fields = from_bytes(payload) if len(payload) <= WHOLE else _outline(payload)
        root = fields["tree"]
        return Stored(
            fields["rev"],
            bytes.fromhex(fields["hash"]),
            fields["versions"],
            _paths(fields.get("leased")),
            root if isinstance(root, Node) else _cooked(root),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _no_state(name) from error


def _outline(payload: bytes) -> dict[str, Json]:
    """The fields, with a tree that is folded; the bytes are looked through once."""
    fields = _outline_decoder().decode(payload)
    mod, _, lease, below = fields["tree"]
    return {**fields, "tree": Node(mod, None, _folded(below), lease)}


@cache
def _outline_decoder() -> msgspec.json.Decoder[dict[str, Json]]:
    from typing import NotRequired, TypedDict

    import msgspec

    tree = tuple[int, None, str | None, dict[str, msgspec.Raw]]
    leased = dict[str, list[list[str]]]
    fields = {
        "rev": int,
        "hash": str,
        "versions": dict[str, int],
        "leased": NotRequired[leased],
        "tree": tree,
    }
    return msgspec.json.Decoder(TypedDict("Outline", fields))  # type: ignore[operator]


def _paths(leased: Json) -> dict[str, list[Path]] | None:
    if leased is None:
        return None
    return {lease: [tuple(path) for path in paths] for lease, paths in leased.items()}


def _payload(data: bytes, name: str) -> bytes:
    payload = data[HASH_SIZE:]
    if digest(payload) != data[:HASH_SIZE]:
        raise DamagedStore("", f"the {name} does not match its checksum")
    if not payload.startswith(_BEGIN):
        raise _no_state(name)
    return payload


def _no_state(name: str) -> DamagedStore:
    return DamagedStore("", f"what stands as {name} is no state")


def stored_rev(data: bytes) -> Rev:
    """Return the revision of a state whose checksum holds, without reading the rest."""
    return int(data[HASH_SIZE + len(_BEGIN) : HASH_SIZE + 32].partition(b",")[0])
