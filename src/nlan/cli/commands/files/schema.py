"""`nlan schema`: the JSON Schema of the file, for editors."""

from __future__ import annotations

from argparse import Namespace

from nlan.api import json_schema
from nlan.cli.output import print_json


def run(arguments: Namespace) -> int:
    """Print the schema."""
    print_json(json_schema())
    return 0
