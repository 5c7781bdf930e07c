"""From what is written to the lab: numbers by name, segments, routing; nothing is left to derive."""
