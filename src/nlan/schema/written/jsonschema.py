"""The table as JSON Schema, for editors that complete and check while one types."""

from __future__ import annotations

from typing import Any

from nlan.schema.written import table
from nlan.schema.written.sections import Vocabulary

Json = dict[str, Any]


def json_schema(vocabulary: Vocabulary) -> Json:
    """Return the JSON Schema (2020-12) of the file, in both spellings of every key."""
    definitions = {
        section.name.replace(" ", "_"): section.definition(vocabulary) for section in vocabulary.sections
    }
    full = definitions[table.FULL.name.replace(" ", "_")]
    full["additionalProperties"] = {"$ref": "#/$defs/node"}
    full["description"] = "The full form: every other key is a node's name."
    words = [word for word in ("nodes", "links", "networks") for word in (word, word.title())]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "nlan lab",
        "description": "One file describes a network. Placeholders such as ${pe1} may stand anywhere.",
        "type": "object",
        "if": {"anyOf": [{"required": [word]} for word in words]},
        "then": table.LAB.schema(),
        "else": table.FULL.schema(),
        "$defs": definitions,
    }
