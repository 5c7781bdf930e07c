"""Two labs compared, in the words of `nlan show`: which values came, went, or became others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any, Final, NamedTuple

from nlan.model import Lab
from nlan.schema.written.dump import to_plain
from nlan.secrets import HIDDEN, hide

SECRETS = frozenset({"password", "Password"})
"""Keys whose values are shown to nobody."""

Path = tuple[str, ...]


class Missing(Enum):
    """What stands for a value where there is none."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


class Difference(NamedTuple):
    """One thing that differs.

    Attributes:
        path: A node's name first, or the name of a setting; an item of a list by its number, as it is
            counted after the change (before it, where it went).
        before: The value, or MISSING.
        after: Likewise.
    """

    path: Path
    before: Any
    after: Any


def differences(before: Lab, after: Lab) -> list[Difference]:
    """Return what parts the labs, keys and passwords shown: who prints it hides them."""
    return list(_differ(_by_name(before), _by_name(after), ()))


def _by_name(lab: Lab) -> dict[str, Any]:
    plain = to_plain(lab)
    nodes = plain.pop("nodes")
    return {**plain, **{node["name"]: node for node in nodes}}


def _differ(before: Any, after: Any, path: Path) -> Iterator[Difference]:
    match before, after:
        case dict(), dict():
            for key in dict.fromkeys((*before, *after)):
                yield from _differ(before.get(key, MISSING), after.get(key, MISSING), (*path, key))
        case list(), list():
            yield from _items_differ(before, after, path)
        case _ if before != after:
            yield Difference(path, before, after)


def _items_differ(before: list[Any], after: list[Any], path: Path) -> Iterator[Difference]:
    """Compare items that are called the same; where not all have a name of their own, by number."""
    names = [_names(before), _names(after)]
    old, new = ({name: n for n, name in enumerate(those)} for those in names)
    if len(old) < len(before) or len(new) < len(after):
        old, new = ({n: n for n in range(len(items))} for items in (before, after))
    for name, number in old.items():
        if name not in new:
            yield Difference((*path, str(number)), before[number], MISSING)
    for name, number in new.items():
        there = before[old[name]] if name in old else MISSING
        yield from _differ(there, after[number], (*path, str(number)))


_NAMES = ("name", "address", "vni", "prefix", "gateway", "area", "interface")
"""Keys that tell items of a list apart, in the order in which they are looked for."""


def _names(items: Iterable[Any]) -> list[Any]:
    return [_name(item) for item in items]


def _name(item: Any) -> Any:
    if not isinstance(item, dict):
        return str(item)
    return next((str(item[key]) for key in _NAMES if key in item), str(sorted(item)))


def without_secrets(difference: Difference) -> Difference:
    """Return a difference with its keys and passwords hidden."""
    path, before, after = difference
    return Difference(path, _without_keys(before, path[-1]), _without_keys(after, path[-1]))


def _without_keys(value: Any, key: str = "") -> Any:
    """Return a value of the model with its keys and passwords hidden."""
    match value:
        case dict():
            return {name: _without_keys(inner, name) for name, inner in value.items()}
        case list():
            return [_without_keys(inner) for inner in value]
        case str():
            return HIDDEN if key in SECRETS else hide(value)
        case _:
            return value


def merged(before: Any, after: Any, now: Any) -> Any:
    """Return `now`, plain JSON, with what parts `after` from `before`; where both changed, `after` counts."""
    if before == after:
        return now
    if now == before:
        return after
    match before, after, now:
        case dict(), dict(), dict():
            return _merged_entries(before, after, now)
        case list(), list(), list():
            named = [dict(zip(_names(items), items, strict=True)) for items in (before, after, now)]
            if all(len(by) == len(items) for by, items in zip(named, (before, after, now), strict=True)):
                return list(_merged_entries(*named).values())
    return after


def _merged_entries(before: dict[Any, Any], after: dict[Any, Any], now: dict[Any, Any]) -> dict[Any, Any]:
    found = {
        key: merged(before.get(key, MISSING), after.get(key, MISSING), now.get(key, MISSING))
        for key in dict.fromkeys((*now, *after))
    }
    return {key: value for key, value in found.items() if value is not MISSING}
