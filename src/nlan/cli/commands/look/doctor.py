"""`nlan doctor`: what this machine has and lacks, and what nlan is made of on it."""

from __future__ import annotations

from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nlan.api import Environment
from nlan.api.doctor.features import Feature, features
from nlan.api.doctor.parts import Parts, parts
from nlan.api.environment.context import engines, kinds
from nlan.cli.output import paint, print_json, table
from nlan.cli.verbs import seam

if TYPE_CHECKING:
    from nlan.registry import Part


def run(arguments: Namespace) -> int:
    """Print every feature and part; exit code 0 where nothing that is needed is missing."""
    found = features(engines(), kinds())
    made_of = parts(Environment().registry, [seam()])
    if arguments.json:
        print_json([feature._asdict() for feature in (*found, *_as_features(made_of))])
    else:
        _print(found, made_of)
    return 1 if any(feature.needed and not feature.present for feature in found) else 0


def _print(found: list[Feature], made_of: Parts) -> None:
    text = table(("FEATURE", "STATE", "FOR", "DETAIL"), map(_row, found))
    for word, color in (("missing", "red"), ("absent", "yellow"), ("ok", "green")):
        text = text.replace(f"  {word} ", f"  {paint(word, color)} ")
    print(text)
    for feature in found:
        if not feature.present:
            print(f"{feature.name}: {feature.remedy}")
    print()
    print(table(("SEAM", "FROM", "PARTS"), _rows(made_of.usable)))
    for broken in made_of.broken:
        print(f"{paint('left out:', 'red')} {broken}")
    for clash in made_of.clashes:
        print(f"{paint('clash:', 'red')} {clash}")


def _row(feature: Feature) -> tuple[str, ...]:
    state = "ok" if feature.present else "missing" if feature.needed else "absent"
    return feature.name, state, feature.purpose, feature.detail


def _rows(usable: tuple[Part, ...]) -> Iterator[tuple[str, ...]]:
    """Yield a row for all parts of a seam that come from one place."""
    names: dict[tuple[str, str], list[str]] = defaultdict(list)
    for part in usable:
        names[part.seam, part.origin].append(part.name)
    yield from ((seam, origin, " ".join(those)) for (seam, origin), those in names.items())


def _as_features(made_of: Parts) -> Iterator[Feature]:
    """Yield the parts in the shape of features: where each comes from as its detail."""
    for where, name, origin, _ in made_of.usable:
        yield Feature(f"{where} {name}", True, False, origin, where, "")
    for (where, name, origin, _), reason in made_of.broken:
        remedy = f"mend or remove {origin.partition(' ')[0]}"
        yield Feature(f"{where} {name}", False, False, f"{origin}: {reason}", where, remedy)
    for clash in made_of.clashes:
        yield Feature("clash", False, False, clash, "plugins", "uninstall one of them")
