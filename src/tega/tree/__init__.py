"""The tree as a value: its nodes, patterns over it, and what differs between two."""
