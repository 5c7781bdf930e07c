"""An importer: a tally has a line for each thing, ``# tally`` first.

::

    # tally
    router r1 64496
    wire r1 r2
    sink r1 flood 1400
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from nlan.importers.base import Map, Scalar, SourceFile, Sources, Tree

Entries = list[tuple[Scalar, Tree]]


class Tally:
    """See `nlan.importers.base.Importer`."""

    def recognises(self, path: Path, text: str) -> bool:
        return text.startswith("# tally\n")

    def read(self, source: SourceFile | None, sources: Sources) -> Map:
        assert source is not None, "no folder is recognised"
        return _Reading(source).all()


class _Reading:
    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._nodes: dict[str, tuple[Scalar, Entries]] = {}
        self._sinks: dict[str, Entries] = defaultdict(list)
        self._wires: list[Tree] = []

    def all(self) -> Map:
        for number, line in self._source.lines():
            words = [self._source.word(word, number, at) for word, at in _words(line)]
            first, rest = words[0].text if words else "#", words[1:]
            match (first, *rest):
                case ("#", *_):
                    continue
                case ("router", Scalar() as name, Scalar() as asn):
                    self._nodes[name.text] = name, [(self._source.word("asn", number, asn.column), asn)]
                case ("wire", Scalar() as one, Scalar() as other):
                    wire = f"{one.text} -- {other.text}"
                    self._wires.append(self._source.text_of(wire, number, one.column))
                case ("sink", Scalar() as node, Scalar() as name, Scalar() as mtu):
                    entries: Entries = [(self._source.word("mtu", number, mtu.column), mtu)]
                    self._sinks[node.text].append((name, self._source.mapping(entries, number, mtu.column)))
                case _:
                    self._source.error(number, 1, f"`{line}` is no line of a tally")
        return self._source.mapping(
            [
                (self._source.word("nodes", 1), self._source.mapping(self._bodies(), 1)),
                (self._source.word("links", 1), self._source.sequence(self._wires, 1)),
            ],
            1,
        )

    def _bodies(self) -> Entries:
        bodies: Entries = []
        for name, (at, entries) in self._nodes.items():
            if sinks := self._sinks.get(name):
                first = sinks[0][0]
                word = self._source.word("sinks", first.line, first.column)
                entries = [*entries, (word, self._source.mapping(sinks, first.line, first.column))]
            bodies.append((at, self._source.mapping(entries, at.line, at.column)))
        return bodies


def _words(line: str) -> list[tuple[str, int]]:
    """Return the words of a line, each with its column."""
    found, at = [], 0
    for word in line.split():
        at = line.index(word, at)
        found.append((word, at + 1))
        at += len(word)
    return found


IMPORTER = Tally()
