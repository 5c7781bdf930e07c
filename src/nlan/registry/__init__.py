"""What there is: services, kinds of resources, engines and the rest, each found where it is put.

A *seam* is a place where nlan grows. What belongs to it is a module (or a package) of the seam's own
package, such as ``nlan.services.ptn``, that holds one object under the seam's name for it, such as
``SERVICE``. Nobody lists them: putting a folder there is enough. Other people's packages add to a seam by
an entry point of the group ``nlan.SEAM``, as `the packaging guide
<https://packaging.python.org/en/latest/specifications/entry-points/>`_ has it::

    [project.entry-points."nlan.engines"]
    babel = "our_babel:ENGINE"

A registry is an object that is made at start-up and handed on. Making it imports nothing; what is
of nlan is imported when it is first asked for, by name. Strangers' are imported when their seam is
first used: one that cannot be, or lacks what its seam asks for, is left out and named by `broken`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from importlib import import_module
from typing import Any, Generic, NamedTuple, TypeVar, cast

from nlan.entry_points import PREFIX, are_there
from nlan.errors import InternalError

T = TypeVar("T")

OWN = "nlan"
"""The origin of what comes with nlan."""


class Seam(Generic[T]):
    """A place where nlan grows; `T` is the contract that what is put there meets.

    Attributes:
        name: Such as ``engines``; the group of entry points is ``nlan.engines``.
        package: Whose modules belong to it.
        attribute: What a module calls its object.
        needs: Attributes that an object must have.
        probe: Tries an object out, and raises what is wrong with it; None where there is nothing to try.
        folders: Folders of the package that its modules lie in, by subject; none where they lie in it.
    """

    def __init__(
        self,
        name: str,
        package: str,
        attribute: str,
        needs: Iterable[str] = (),
        probe: Callable[[T], object] | None = None,
        folders: Iterable[str] = (),
    ) -> None:
        """Take its names; strangers' objects are checked for what it needs, and tried out.

        A lower layer, which knows a part of the contract, says neither: the package's ``base`` does.
        """
        self.name, self.package, self.attribute = name, package, attribute
        self.needs, self.probe, self.folders = tuple(needs), probe, tuple(folders)


class Part(NamedTuple):
    """One thing at a seam.

    Attributes:
        seam: The seam's name.
        name: Its own, unique at the seam.
        origin: ``nlan``, or the distribution that brings it, with its version.
        target: Where it is: ``module:attribute``.
    """

    seam: str
    name: str
    origin: str
    target: str


class Broken(NamedTuple):
    """A stranger's part that is left out, and why."""

    part: Part
    reason: str

    def __str__(self) -> str:
        return f"{self.part.seam} {self.part.name} of {self.part.origin}: {self.reason}"


class Family(Mapping[str, T]):
    """The parts of a seam by name, in the order of their names; strangers' behind nlan's own."""

    def __init__(self, seam: Seam[T], own: Mapping[str, Part], strangers: Mapping[str, T]) -> None:
        """Take the seam, what is nlan's own (imported when asked for), and what strangers bring."""
        self._seam, self._own, self._strangers = seam, own, strangers
        self._loaded: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name in self._strangers:
            return self._strangers[name]
        if name not in self._loaded:
            self._loaded[name] = cast(T, load(self._own[name]))
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._own
        yield from self._strangers

    def __len__(self) -> int:
        return len(self._own) + len(self._strangers)


class Registry:
    """All parts of all seams."""

    def __init__(self, strangers: Iterable[Part] | None = None) -> None:
        """Find strangers' parts by the entry points of what is installed, unless they are given."""
        self._given = None if strangers is None else tuple(strangers)
        self._families: dict[str, Family[Any]] = {}
        self.broken: list[Broken] = []

    @cached_property
    def strangers(self) -> tuple[Part, ...]:
        """What other distributions add, whether or not it can be used; sorted."""
        return tuple(sorted(installed() if self._given is None else self._given))

    def of(self, seam: Seam[T]) -> Family[T]:
        """Return what there is at a seam; strangers' parts are imported now, nlan's when asked for."""
        if seam.name not in self._families:
            own = own_parts(seam)
            self._families[seam.name] = Family(seam, own, dict(self._sound(seam, own)))
        return self._families[seam.name]

    def parts(self, seam: Seam[Any]) -> tuple[Part, ...]:
        """Return where each usable part of a seam comes from."""
        usable = self.of(seam)
        own = own_parts(seam)
        strangers = (part for part in self.strangers if part.seam == seam.name and part.name not in own)
        return (*own.values(), *(part for part in strangers if part.name in usable))

    def _sound(self, seam: Seam[T], own: Mapping[str, Part]) -> Iterator[tuple[str, T]]:
        """Yield the strangers' parts that can be used; what is wrong with the others is kept."""
        first: dict[str, Part] = {}
        contract: Seam[T] | None = None
        for part in (p for p in self.strangers if p.seam == seam.name):
            holder = own.get(part.name) or first.get(part.name)
            if holder is not None:
                self.broken.append(Broken(part, f"{holder.origin} has one of that name"))
                continue
            contract = contract or _contract(seam)
            try:
                found = load(part)
                missing = [need for need in contract.needs if not hasattr(found, need)]
                if contract.probe is not None and not missing:
                    contract.probe(found)
            except Exception as error:  # noqa: BLE001 - a stranger's module may raise anything
                self.broken.append(Broken(part, f"{type(error).__name__}: {error}"))
                continue
            if missing:
                self.broken.append(Broken(part, f"it lacks {', '.join(missing)}"))
                continue
            first[part.name] = part
            yield part.name, found


def _contract(seam: Seam[T]) -> Seam[T]:
    """Return a seam as its package's ``base`` says it, where a lower layer knows part of the contract."""
    from importlib.util import find_spec

    name = f"{seam.package}.base"
    if seam.needs or find_spec(name) is None:
        return seam
    whole: Seam[T] = import_module(name).SEAM
    return whole


def seams() -> Iterator[Seam[Any]]:
    """Yield the seams of nlan's own packages: each declared by the ``base`` module of a package."""
    for directory in import_module("nlan").__path__:
        for package in sorted(os.listdir(directory)):
            if os.path.exists(os.path.join(directory, package, "base.py")):
                seam = getattr(import_module(f"nlan.{package}.base"), "SEAM", None)
                if isinstance(seam, Seam):
                    yield seam


def load(part: Part) -> Any:
    """Import a part and return its object.

    Raises:
        InternalError: Its module has no such attribute.
        ImportError: Its module cannot be imported; so may anything that it raises itself.
    """
    module, _, attribute = part.target.partition(":")
    found: Any = import_module(module)
    for name in attribute.split("."):
        if not hasattr(found, name):
            raise InternalError(f"{module} has no {attribute}")
        found = getattr(found, name)
    return found


def own_parts(seam: Seam[Any]) -> dict[str, Part]:
    """Return what nlan's own package of a seam holds: a part a module, by name; `base` is the contract."""
    packages = [f"{seam.package}.{folder}" for folder in seam.folders] or [seam.package]
    found = {
        name: Part(seam.name, name, OWN, f"{package}.{name}:{seam.attribute}")
        for package in packages
        for name in _modules(package)
    }
    return dict(sorted(found.items()))


def _modules(package: str) -> Iterator[str]:
    """Yield the modules and packages in a package that are no contract and not private."""
    for directory in import_module(package).__path__:
        for entry in os.scandir(directory):
            name = entry.name.removesuffix(".py")
            is_module = name != entry.name or os.path.exists(os.path.join(entry.path, "__init__.py"))
            if is_module and not name.startswith("_") and name != "base":
                yield name


def installed() -> Iterator[Part]:
    """Yield the parts that installed distributions name by entry points."""
    if not _are_there(tuple(sys.path)):
        return
    from importlib.metadata import distributions

    for distribution in distributions():
        origin = f"{distribution.metadata['Name']} {distribution.version}"
        for point in distribution.entry_points:
            if point.group.startswith(PREFIX):
                yield Part(point.group.removeprefix(PREFIX), point.name, origin, point.value)


@cache
def _are_there(path: tuple[str, ...]) -> bool:
    """Look once for each path: that takes 1 ms, and several registries are made in a process."""
    return are_there()
