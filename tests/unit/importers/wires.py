"""An importer as somebody else would write it: labs of the little tool `wires`.

A file has a line ``r1 r2`` for each wire, ``r1 as 64496`` for each router's AS, and ``# …`` for people. A
folder has them in ``wires``, and the FRR lines of r1 in ``r1.conf``.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from nlan.importers.base import Map, Scalar, SourceFile, Sources, Tree


class Wires:
    """The importer."""

    def recognises(self, path: Path, text: str) -> bool:
        return text.startswith("# wires") or (path / "wires").is_file()

    def read(self, source: SourceFile | None, sources: Sources) -> Map:
        main = source or sources.read("wires")
        if main is None:
            return Map((), 0, 0)
        links: list[Tree] = []
        firsts: dict[str, int] = {}
        nodes: dict[str, list[tuple[Scalar, Tree]]] = defaultdict(list)
        for number, line in main.lines():
            match line.split():
                case []:
                    continue
                case ["#", *_]:
                    continue
                case ["colour", *_]:
                    main.warning(number, 1, "nlan paints nothing; the line is left out")
                case [name, "as", asn]:
                    value = main.word(asn, number, line.index(asn) + 1)
                    nodes[name].append((main.word("asn", number), value))
                case [one, other]:
                    links.append(main.text_of(f"{one} -- {other}", number))
                    for name in (one, other):
                        firsts.setdefault(name, number)
                        nodes[name] = nodes[name]
                case _:
                    main.error(number, 1, f"`{line}` is no line of wires")
        for name in nodes if source is None else ():
            if (sources.path / f"{name}.conf").exists() and (conf := sources.read(f"{name}.conf")):
                nodes[name].append((conf.word("frr", 1), conf.text_of(conf.text, 1)))
        bodies: list[tuple[Scalar, Tree]] = [
            (main.word(name, firsts.get(name, 1)), main.mapping(entries, firsts.get(name, 1)))
            for name, entries in nodes.items()
        ]
        body: list[tuple[Scalar, Tree]] = [
            (main.word("nodes", 1), main.mapping(bodies, 1)),
            (main.word("links", 1), main.sequence(links, 1)),
        ]
        return main.mapping(body, 1)


IMPORTER = Wires()
