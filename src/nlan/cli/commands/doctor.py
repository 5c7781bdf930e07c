"""`nlan doctor`: what this machine has and lacks."""

from __future__ import annotations

from argparse import Namespace

from nlan.api.context import engines, kinds
from nlan.api.features import Feature, features
from nlan.cli.output import paint, print_json, table


def run(arguments: Namespace) -> int:
    """Print every feature; exit code 0 where nothing that is needed is missing."""
    found = features(engines(), kinds())
    if arguments.json:
        print_json([feature._asdict() for feature in found])
    else:
        text = table(("FEATURE", "STATE", "FOR", "DETAIL"), map(_row, found))
        for word, color in (("missing", "red"), ("absent", "yellow"), ("ok", "green")):
            text = text.replace(f"  {word} ", f"  {paint(word, color)} ")
        print(text)
        for feature in found:
            if not feature.present:
                print(f"{feature.name}: {feature.remedy}")
    return 1 if any(feature.needed and not feature.present for feature in found) else 0


def _row(feature: Feature) -> tuple[str, ...]:
    state = "ok" if feature.present else "missing" if feature.needed else "absent"
    return feature.name, state, feature.purpose, feature.detail
