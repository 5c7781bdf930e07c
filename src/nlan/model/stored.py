"""Labs and nodes as JSON, and back: each service of a node stands under its own key.

In memory a node holds its services by type; in databases, in what ``nlan show`` prints and in the paths of
``nlan set`` they stand beside what every node has: ``ptn``, ``vhosts``, ``router``. Likewise what a service's
model holds for a routing engine (`nlan.model.service.EngineModel`) stands beside the model's own fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from nlan.errors import PluginError
from nlan.model import codec
from nlan.model.codec import Base
from nlan.model.lab import Lab, Node
from nlan.model.service import EngineModel, ServiceModel, engine_models, models
from nlan.registry import Registry

T = TypeVar("T")
SERVICES = "services"


class Stored:
    """How labs and nodes are written.

    Attributes:
        node: The type of a written node.
        lab: The type of a written lab.
    """

    def __init__(
        self, services: Sequence[type[ServiceModel]], engines: Iterable[type[EngineModel]] = ()
    ) -> None:
        """Take what nodes and routers may hold, each in the order in which it is written."""
        self._services, self._engines = tuple(services), tuple(engines)
        self._forms = {kind: self._form(kind) for kind in self._services if kind.engine_field}
        self._kinds = {form: kind for kind, form in self._forms.items()}
        self._check_keys()
        self._common = tuple(name for name in Node.__struct_fields__ if name != SERVICES)
        self.node: type[Base] = _struct("Node", self._fields_of_node())
        nodes = {"nodes": tuple[self.node, ...]}  # type: ignore[name-defined]
        self.lab: type[Base] = _struct("Lab", (_field(f, nodes) for f in msgspec.structs.fields(Lab)))

    def _check_keys(self) -> None:
        """Check that no two services are stored under one key.

        Raises:
            PluginError: Two are.
        """
        first: dict[str, type[ServiceModel]] = {}
        for kind in self._services:
            if (other := first.setdefault(kind.key, kind)) is not kind:
                names = " and ".join(f"{one.__module__}.{one.__name__}" for one in (other, kind))
                raise PluginError(f"{names} are both stored as `{kind.key}`: uninstall one of them")

    def _fields_of_node(self) -> Iterator[Any]:
        for field in msgspec.structs.fields(Node):
            if field.name != SERVICES:
                yield _field(field)
                continue
            for kind in self._services:
                if kind.bare:
                    bare = next(f for f in msgspec.structs.fields(kind) if f.name == kind.bare)
                    yield kind.key, bare.type, bare.default
                else:
                    yield kind.key, self._forms.get(kind, kind) | None, None

    def _form(self, kind: type[ServiceModel]) -> type[Base]:
        """Return the type that is written for a model that holds something for engines: a field for each."""
        fields: list[Any] = []
        for field in msgspec.structs.fields(kind):
            if field.name == kind.engine_field:
                fields += ((one.key, one | None, None) for one in self._engines)
            else:
                fields.append(_field(field))
        return _struct(kind.__name__, fields)

    def type_of(self, kind: type) -> type:
        """Return the type that is written for a type of the model."""
        return self.lab if kind is Lab else self.node if kind is Node else self._forms.get(kind, kind)

    def model_of(self, kind: type) -> type:
        """Return the type of the model that a written type stands for."""
        return Lab if kind is self.lab else Node if kind is self.node else self._kinds.get(kind, kind)

    def write(self, value: Any) -> Any:
        """Return what is written for a lab or a node; anything else stays as it is."""
        if isinstance(value, Node):
            return self._write_node(value)
        if isinstance(value, Lab):
            found = {name: getattr(value, name) for name in Lab.__struct_fields__}
            return self.lab(**found | {"nodes": tuple(map(self._write_node, value.nodes))})
        return value

    def read(self, written: Any) -> Any:
        """Return the lab or node that is written; anything else stays as it is."""
        if isinstance(written, self.node):
            return self._read_node(written)
        if isinstance(written, self.lab):
            found = {name: getattr(written, name) for name in Lab.__struct_fields__}
            return Lab(**found | {"nodes": tuple(map(self._read_node, found["nodes"]))})
        return written

    def _write_node(self, node: Node) -> Base:
        found = {name: getattr(node, name) for name in self._common}
        for held in node.services:
            found[held.key] = getattr(held, held.bare) if held.bare else self._write_held(held)
        return self.node(**found)

    def _read_node(self, written: Any) -> Node:
        held: list[ServiceModel] = []
        for kind in self._services:
            value = getattr(written, kind.key)
            if kind.bare and value:
                held.append(kind(**{kind.bare: value}))
            elif not kind.bare and value is not None:
                held.append(self._read_held(kind, value))
        found = {name: getattr(written, name) for name in self._common}
        return Node(services=tuple(held), **found)

    def _write_held(self, held: ServiceModel) -> Base:
        if (form := self._forms.get(type(held))) is None:
            return held
        found = {name: getattr(held, name) for name in held.__struct_fields__}
        one: EngineModel | None = found.pop(held.engine_field)
        return form(**found, **({} if one is None else {one.key: one}))

    def _read_held(self, kind: type[ServiceModel], written: Any) -> ServiceModel:
        if kind not in self._forms:
            return cast(ServiceModel, written)
        found = {name: getattr(written, name) for name in written.__struct_fields__}
        given = [found.pop(one.key) for one in self._engines]
        return kind(**{kind.engine_field: next((one for one in given if one is not None), None)}, **found)


def _field(field: msgspec.structs.FieldInfo, types: dict[str, Any] = {}) -> Any:  # noqa: B006 - only read
    kind = types.get(field.name, field.type)
    if field.default_factory is not msgspec.NODEFAULT:
        return field.name, kind, msgspec.field(default_factory=field.default_factory)
    return (field.name, kind) if field.required else (field.name, kind, field.default)


def _struct(name: str, fields: Any) -> type[Base]:
    found = msgspec.defstruct(
        name, fields, bases=(Base,), module=__name__, frozen=True, kw_only=True, omit_defaults=True
    )
    return cast(type[Base], found)


@cache
def installed() -> Stored:
    """Return how labs are written with the services that are installed; they do not change meanwhile."""
    registry = Registry()
    return Stored(models(registry), engine_models(registry))


def to_builtins(value: Any) -> Any:
    """Return the value as dicts, lists, strings and numbers: what reading its JSON gives."""
    return msgspec.json.decode(to_json(value))


def to_shown(value: Any) -> Any:
    """Return the same for people: a `Secret` in it is hidden."""
    return codec.to_shown(_written(value))


def to_json(value: Any) -> bytes:
    """Return the value as compact JSON, to be kept: secrets too; equal values give equal bytes."""
    return codec.to_json(_written(value))


def from_json(data: bytes | Any, kind: type[T]) -> T:
    """Return the value of type `kind` that `data` (JSON bytes, or builtins) spells.

    Raises:
        msgspec.ValidationError: The data does not fit; it was not written by this version.
    """
    if kind is not Lab and kind is not Node:  # most are not, and need not know the services
        return codec.from_json(data, kind)
    forms = installed()
    return cast(T, forms.read(codec.from_json(data, forms.type_of(kind))))


def _written(value: Any) -> Any:
    return installed().write(value) if isinstance(value, Lab | Node) else value
