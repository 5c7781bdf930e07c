"""Kinds of resources, a module each, found by their folder; see `nlan.kinds.base`."""
