"""`nlan schema`: the JSON Schema of the file, for editors, and its reference, for people."""

from __future__ import annotations

from argparse import Namespace

from nlan.api import json_schema, reference
from nlan.cli.output import print_json


def run(arguments: Namespace) -> int:
    """Print the schema, or the reference."""
    if arguments.docs:
        print(reference(), end="")
        return 0
    print_json(json_schema())
    return 0
