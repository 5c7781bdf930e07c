"""`nlan schema`: the JSON Schema of the file, for editors."""

from __future__ import annotations

from argparse import Namespace

from nlan.cli.output import print_json
from nlan.schema import json_schema


def run(arguments: Namespace) -> int:
    """Print the schema."""
    print_json(json_schema())
    return 0
