"""JSON values as they are: what may be one, and whether two are the same."""

from __future__ import annotations

from math import isfinite

from tega.errors import InvalidValue
from tega.paths import MAX_DEPTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tega.api import Json


_PLAIN = frozenset((str, int, bool))
"""What is as it is; not a subclass of it."""


def plain_json(value: Json, depth: int = 0) -> Json:
    """Return a deep copy that consists of JSON's own types.

    Tuples become lists; subclasses (enumerations, for one) what they
    stand for.

    Raises:
        InvalidValue: There is no JSON form.
    """
    if depth > MAX_DEPTH:
        raise InvalidValue(f"the value nests deeper than {MAX_DEPTH} levels")
    if value is None or type(value) in _PLAIN:
        return value
    match value:
        case str():
            return str.__str__(value)
        case int():
            return int(value)
        case float():
            if not isfinite(value):
                raise InvalidValue(f"{value} is a number without a JSON form")
            return float(value)
        case list() | tuple():
            return [plain_json(item, depth + 1) for item in value]
        case dict():
            return {
                key if type(key) is str else _any_key(key): plain_json(item, depth + 1)
                for key, item in value.items()
            }
    raise InvalidValue(f"a value of type {type(value).__name__} has no JSON form")


def _any_key(key: object) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    raise InvalidValue(f"key {key!r} of a mapping: must be text")


def same_json(one: Json, other: Json) -> bool:
    """Whether two values have the same JSON form; 1, 1.0 and true differ."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same_json(item, other[key]) for key, item in one.items())
    return bool(one == other)
