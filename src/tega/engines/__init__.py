"""Engines: what keeps the records of a store."""
