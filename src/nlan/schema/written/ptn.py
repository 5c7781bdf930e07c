"""The two spellings of a node's packet transport networks."""

from __future__ import annotations

from typing import Any

from nlan.schema.syntax.report import Position, Written
from nlan.schema.syntax.tree import Map, Scalar, Seq, Tree
from nlan.schema.written.kinds import Json, Kind, ListOf, MapOf, Reader, ScalarKind, shape
from nlan.schema.written.sections import Key, Record, Section


class Ptn(Kind):
    """Packet transport networks: a mapping by name, or `Networks:` as a list with `Id`.

    Reads to a list of (name as `Said`, record).
    """

    wanted = "networks by name, or a list `Networks` with `Id`"

    def __init__(self, name: ScalarKind, network: Section) -> None:
        """Take the kinds of a network's name and of the network."""
        self.networks = MapOf(name, network)
        self._list = Section("Ptn", "", [Key("networks", ListOf(network, single=False), "")])

    def read(self, tree: Tree, at: Position, reader: Reader) -> list[tuple[Written, Any]] | None:
        """Read either shape; the list's `Id` becomes the name."""
        if not isinstance(tree, Map) and not (isinstance(tree, Scalar) and tree.is_null):
            reader.report.error(at, f"expected {self.wanted}, got {shape(tree)}")
            return None
        inner = tree.find("Networks", "networks") if isinstance(tree, Map) else None
        if not isinstance(inner, Seq):
            return self.networks.read(tree, at, reader)
        record = self._list.read(tree, at, reader)
        return [
            self._named(written.value, reader) for written in (record.get("networks", []) if record else [])
        ]

    @staticmethod
    def _named(record: Record, reader: Reader) -> tuple[Written, Record]:
        if "id" not in record.positions:
            reader.report.error(record.at, "`Id` is required: the network's name")
        return Written(record.get("id", ""), record.position("id")), record

    def schema(self) -> Json:
        """Either shape."""
        shapes: list[Json] = [
            {
                "type": "object",
                "properties": {name: {"type": "array", "items": self.networks.value.schema()}},
                "required": [name],
                "additionalProperties": False,
            }
            for name in ("Networks", "networks")
        ]
        return {"anyOf": [*shapes, self.networks.schema()]}
